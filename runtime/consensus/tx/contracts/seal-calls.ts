/**
 * Makes the receipts of a block's calls, all together: their salts, roots, digests and ids are hashed stage by stage over many calls at once. Equal to
 * `callSalt`, `saltOf`, `openingDigest`, `callSeed`, `changesRoot`, `encodeReceipt` and `callLeaf` one by one, which a test holds.
 */
import {
  appendCbor,
  ARRAY,
  BYTES,
  cborCids,
  compareBytes,
  copyInto,
  domain,
  equalBytes,
  HEAD_MAX,
  merkleRoots,
  Messages,
  NULL,
  putBytes,
  putHead,
  putLink,
  putText,
  type CID,
  type ChainEvent,
} from '../../../core/index.ts'
import type { BlockContext, TxEffect } from '../effect/index.ts'
import type { CallDraft, ContractChange } from '../calls/index.ts'

/** Calls whose messages lie in memory at once: more would leave the cache. */
const CHUNK = 64
const SALT = domain('salt')
const CALL_SALT = domain('call-salt')
const CALL_SEED = domain('call-seed')
const SECRET_BYTES = 16
const PARTS = ['input', 'output'] as const
const OF_INPUT = domain('input')
const OF_OUTPUT = domain('output')

/** Orders changes as their root does: those of the contract that was called by key, then those of others by contract and key. */
export function sortChanges(contract: Uint8Array, changes: readonly ContractChange[]): readonly ContractChange[] {
  if (changes.length < 2) return changes
  const rank = (c: ContractChange): number => (c.contract === contract || equalBytes(c.contract, contract) ? 0 : 1)
  const order = (a: ContractChange, b: ContractChange): number =>
    rank(a) - rank(b) || compareBytes(a.contract, b.contract) || compareBytes(a.key, b.key)
  if (changes.length > 2) return changes.toSorted(order)
  // a payment changes two, and sorting makes arrays of its own
  const [a, b] = changes as [ContractChange, ContractChange]
  return order(a, b) <= 0 ? changes : [b, a]
}

/** Writes the leaf of a change: [key, value or null], of a contract that the first one called [contract, key, value or null]. */
function changeLeaf(messages: Messages, first: Uint8Array, { contract, key, value }: ContractChange): void {
  messages.reserve(1 + 4 * HEAD_MAX + contract.length + key.length + (value?.length ?? 0))
  const own = contract === first || equalBytes(contract, first)
  messages.byte(0)
  const { bytes } = messages
  let at = putHead(bytes, messages.at, ARRAY, own ? 2 : 3)
  if (!own) at = putBytes(bytes, at, contract)
  at = putBytes(bytes, at, key)
  if (value === undefined) bytes[at++] = NULL
  else at = putBytes(bytes, at, value)
  messages.at = at
  messages.end()
}

/** Writes the leaf of an event: [contract, name, data], in the block's tree behind the transaction. */
function eventMessage(messages: Messages, tx: CID | undefined, { contract, name, data }: ChainEvent): void {
  const link = tx === undefined ? 0 : tx.bytes.length
  messages.reserve(1 + 6 * HEAD_MAX + link + contract.length + 3 * name.length + data.length)
  messages.byte(0)
  const { bytes } = messages
  let at = putHead(bytes, messages.at, ARRAY, tx === undefined ? 3 : 4)
  if (tx !== undefined) at = putLink(bytes, at, tx)
  at = putBytes(bytes, at, contract)
  at = putBytes(bytes, putText(bytes, at, name), data)
  messages.at = at
  messages.end()
}

/** Secret and seed of each call, 64 bytes each; and its roots: of its changes and of its events, 64 bytes each. */
function beginning(
  messages: Messages,
  seed: Uint8Array,
  drafts: readonly CallDraft[],
): { readonly own: Uint8Array; readonly roots: Uint8Array } {
  for (const { tx } of drafts) {
    messages.reserve(CALL_SALT.length + CALL_SEED.length + seed.length + 2 * tx.bytes.length)
    messages.raw(CALL_SALT)
    messages.raw(tx.bytes)
    messages.end()
    messages.raw(CALL_SEED)
    messages.raw(seed)
    messages.raw(tx.bytes)
    messages.end()
  }
  for (const { contract, changes, events } of drafts) {
    for (const change of changes) changeLeaf(messages, contract, change)
    for (const event of events) eventMessage(messages, undefined, event)
  }
  const hashes = messages.hash()
  const roots = merkleRoots(
    hashes.subarray(drafts.length * 64),
    drafts.flatMap(({ changes, events }) => [changes.length, events.length]),
  )
  return { own: hashes, roots }
}

/** Salts of input and output of each call, 64 bytes each. */
function saltsOf(messages: Messages, own: Uint8Array, count: number): Uint8Array {
  for (let i = 0; i < count; i++) {
    const secret = own.subarray(i * 64, i * 64 + SECRET_BYTES)
    for (const name of PARTS) {
      messages.reserve(SALT.length + SECRET_BYTES + name.length + 3 * HEAD_MAX)
      messages.raw(SALT)
      const { bytes } = messages
      messages.at = putText(bytes, putBytes(bytes, putHead(bytes, messages.at, ARRAY, 2), secret), name)
      messages.end()
    }
  }
  return messages.hash()
}

/** Salted digests of input and output of each call, 64 bytes each. */
function digestsOf(messages: Messages, salts: Uint8Array, roots: Uint8Array, drafts: readonly CallDraft[]): Uint8Array {
  for (const [i, { layout, args, result }] of drafts.entries()) {
    messages.reserve(OF_INPUT.length + 32)
    messages.raw(OF_INPUT)
    messages.part(salts, i * 64, 32)
    appendCbor(messages, [layout.form.entry, args])
    messages.end()
    messages.reserve(OF_OUTPUT.length + 64 + 2 * HEAD_MAX + result.length)
    messages.raw(OF_OUTPUT)
    messages.part(salts, i * 64 + 32, 32)
    messages.at = putHead(messages.bytes, messages.at, ARRAY, 2)
    messages.raw(result)
    messages.at = putHead(messages.bytes, messages.at, BYTES, 32)
    messages.part(roots, i * 64, 32)
    messages.end()
  }
  return messages.hash()
}

interface Sealed {
  readonly receipt: CID
  readonly leaf: Uint8Array
}

/** The leaves and ids of a chunk. One array holds all leaves: one of its own for each would cost more than writing it. */
function sealChunk(messages: Messages, block: BlockContext, drafts: readonly CallDraft[]): Sealed[] {
  const { height, time, seed } = block
  const { own, roots } = beginning(messages, seed, drafts)
  const digests = digestsOf(messages, saltsOf(messages, own, drafts.length), roots, drafts)
  const fields = drafts.map(({ tx, gas, models }) => ({ tx, gas, models, height, time }))
  const all = new Uint8Array(drafts.reduce((n, { layout }, i) => n + layout.measure(fields[i] as (typeof fields)[number]), 0))
  let at = 0
  const leaves = drafts.map(({ layout }, i) => {
    const end = layout.write(all, at, fields[i] as (typeof fields)[number])
    const from = i * 64
    copyInto(all, at + layout.inputAt, digests, from, 32)
    copyInto(all, at + layout.outputAt, digests, from + 32, 32)
    copyInto(all, at + layout.eventsAt, roots, from + 32, 32)
    copyInto(all, at + layout.seedAt, own, from + 32, 32)
    messages.reserve(end - at)
    messages.raw(all.subarray(at + layout.bodyAt, end))
    messages.end()
    const leaf = all.subarray(at, end)
    at = end
    return leaf
  })
  const ids = cborCids(messages.hash())
  return drafts.map(({ note }, i) => {
    note?.(roots.slice(i * 64, i * 64 + 32))
    return { receipt: ids[i] as CID, leaf: leaves[i] as Uint8Array }
  })
}

/** The effects of a block's transactions, those of calls with their receipts. */
export function sealCalls(block: BlockContext, effects: readonly TxEffect[]): TxEffect[] {
  const drafts = effects.flatMap((e) => (e.call === null ? [] : [e.call]))
  const messages = new Messages(16_384)
  const sealed: Sealed[] = []
  for (let from = 0; from < drafts.length; from += CHUNK) sealed.push(...sealChunk(messages, block, drafts.slice(from, from + CHUNK)))
  let next = 0
  return effects.map((effect) => {
    if (effect.call === null) return effect
    const { receipt, leaf } = sealed[next++] as Sealed
    return { ...effect, outcome: { ...effect.outcome, receipt }, leaves: [leaf], call: null }
  })
}

/** Root of a block's events, in order: each names its transaction. */
export function eventRoot(effects: readonly TxEffect[]): Uint8Array {
  const messages = new Messages(16_384)
  let count = 0
  for (const { outcome } of effects) {
    for (const event of outcome.events) eventMessage(messages, outcome.id, event)
    count += outcome.events.length
  }
  return merkleRoots(messages.hash(), [count])
}
