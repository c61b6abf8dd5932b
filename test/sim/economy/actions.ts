/** What anybody may try: a payload of any kind out of three numbers, mostly one that could hold, on the state as it is. */
import {
  chipConsentMessage,
  cidOf,
  decodeChip,
  demandId,
  encodeAnswer,
  leafHash,
  RAW,
  utf8,
  vendorMessage,
  verdictMessage,
  type ChipAction,
  type ChipRecord,
  type CID,
  type NodeAction,
  type TxPayload,
  type Validator,
  batchMessage,
} from '../../../runtime/core/index.ts'
import { bftCrypto, encodeEvidence, voteEvidence, type Vote } from '../../../runtime/consensus/messages/index.ts'
import { claimOf, nodeOf, type TestChip } from '../../../runtime/consensus/power/testing/chips.ts'
import { chipKey } from '../../../runtime/consensus/power/index.ts'
import { crypto, UNC, type TestUser, type TestValidator } from '../../../runtime/consensus/testing/test-kit.ts'
import { makeBatch, shown, targetOf, type Anchored, type MadeBatch } from './batches.ts'
import { BOND_PRICE, EPOCH_BLOCKS, NAMES, TRUSTING_BLOCKS, type World } from './world.ts'

/** What an action is made of. */
export interface Draw {
  readonly kind: number
  readonly who: number
  readonly a: number
  readonly b: number
}

const pick = <T>(list: readonly T[], n: number): T => list[n % list.length] as T

/** Code of contracts: what is published and called pushes other code out of what the chain keeps ready, and comes back. */
export const codeOf = (n: number): { readonly module: CID; readonly size: number } => ({
  module: cidOf(RAW, Uint8Array.of(n)),
  size: pick([1, 9_000, 18_000], n),
})

/** Amounts at the edges of what an account has, and far over it. */
function amountOf(w: World, user: TestUser, n: number): bigint {
  const { balance, bond } = w.chain.account(user.address)
  return pick(
    [0n, 1n, UNC / 1_000n, BOND_PRICE, 3n * BOND_PRICE, bond, bond / 2n, bond + 1n, balance / 2n, balance, 2n ** 64n, 2n ** 127n],
    n,
  )
}

export function chipAt(w: World, { serial }: Pick<TestChip, 'serial'>): ChipRecord | undefined {
  const { value } = w.chain.prove('offchain', chipKey(serial))
  return value === null ? undefined : decodeChip(value)
}

function transfer(w: World, { who, a, b }: Draw): TxPayload {
  const user = pick(w.actors, who)
  return { kind: 'transfer', to: pick([...w.actors.map((u) => u.address), w.shop, new Uint8Array(20)], a), value: amountOf(w, user, b) }
}

function contracts(w: World, { a, b }: Draw): TxPayload {
  const key = pick(['a', 'b'], b)
  const custom = (n: number): Uint8Array => utf8(`data ${n}`)
  return pick<TxPayload>(
    [
      { kind: 'publish', name: pick(NAMES, b), world: 'contract', ...codeOf(b % 6) },
      { kind: 'call', to: w.shop, export: pick(['put', 'remove', 'fail', 'spin', 'emit'], b >> 1), args: [key, `v${b}`] },
      { kind: 'call', to: w.shop, export: 'ask', args: [b % 3, pick(['put', 'fail', 'spin', 'nothing'], b >> 2)] },
      { kind: 'custom', data: custom(b) },
      { kind: 'route', data: cidOf(RAW, custom(b)), to: pick(w.actors, b).address, size: b },
      { kind: 'operators', stack: [{ module: cidOf(RAW, custom(b)), entry: 'run', inputs: [] }] },
      {
        kind: 'answer',
        contract: w.shop,
        request: BigInt(b % 3),
        answer: pick([encodeAnswer({ kind: 'refused', message: 'no' }), encodeAnswer({ kind: 'expired' }), utf8('x')], b >> 2),
      },
    ],
    a,
  )
}

/** Batches of one node, those of a thread behind each other. */
function anchor(w: World, { a, b }: Draw): { readonly payload: TxPayload; readonly batches: readonly MadeBatch[] } {
  const node = pick(w.nodes, a)
  const size = 1 + (b % 3)
  const first = makeBatch(w.chain, node, b % 2, size, b % 5 === 0 ? size - 1 : undefined)
  const batches = b % 7 === 0 ? [first, makeBatch(w.chain, node, (b + 1) % 2, 1)] : [first]
  return { payload: { kind: 'anchor', batches: batches.map(({ batch, sig }) => ({ batch, sig })), data: null }, batches }
}

function setBits(set: readonly Validator[], members: readonly Validator[]): Uint8Array {
  const bits = new Uint8Array(Math.ceil(set.length / 8))
  for (const m of members) {
    const at = set.indexOf(m)
    bits[at >> 3] = (bits[at >> 3] as number) | (1 << (at & 7))
  }
  return bits
}

/** Signatures of some of a set, chosen by the bits of a number. */
function signed(w: World, set: readonly Validator[], chosen: number, message: Uint8Array) {
  const members = set.filter((_, i) => ((chosen >> i) & 1) === 0)
  const voters = members.map((m) => w.nodes.find((v) => v.validator.bls.join() === m.bls.join()) as TestValidator)
  const signature = voters.length === 0 ? new Uint8Array(96) : crypto.blsAggregate(voters.map((v) => v.voter.sign(message)))
  return { signers: setBits(set, members), signature }
}

function refute(w: World, { a, b }: Draw): TxPayload | undefined {
  if (w.anchors.length === 0) return undefined
  const anchored = pick(w.anchors.slice(-6), a)
  const at = b % anchored.batches.length
  const made = anchored.batches[at] as MadeBatch
  const target = targetOf(anchored, at)
  const index = (b >> 1) % made.leaves.length
  const leaf = shown(made, index)
  const node = w.nodes.find((n) => n.key.join() === made.batch.node.join()) as TestUser
  switch ((a >> 3) % 5) {
    case 0:
      return { kind: 'refute', target, claim: { kind: 'leaf', ...leaf } }
    case 1: {
      // another batch over the same numbers, or the same one
      const batch = b % 2 === 0 ? made.batch : { ...made.batch, size: 1, root: leafHash(made.leaves[0] as Uint8Array) }
      const sig = crypto.signEd25519(batchMessage(w.chain.chainId, batch), node.secret)
      return { kind: 'refute', target, claim: { kind: 'twice', batch, sig } }
    }
    case 2: {
      const transcript = new Uint8Array(32)
      const set = w.chain.setAt(w.height + 1)
      const message = verdictMessage(w.chain.chainId, target, leaf, transcript)
      return { kind: 'refute', target, claim: { kind: 'verdict', ...leaf, transcript, ...signed(w, set, b, message) } }
    }
    default:
      return { kind: 'refute', target, claim: { kind: 'unavailable', index } }
  }
}

function reveal(w: World, { a, b }: Draw): TxPayload | undefined {
  const open = w.chain.demands()
  const fit = (id: CID): Anchored | undefined => w.anchors.find((x) => x.id.equals(id))
  const reveals = open
    .filter((_, i) => i === b % open.length || a % 3 === 0)
    .map(({ id, demand: { anchor: of, batch, index } }) => {
      const made = fit(of)?.batches.find((m) => m.batch.thread === batch.thread) as MadeBatch
      return { demand: a % 5 === 0 ? demandId(of, 0, index + 1) : id, leaf: shown(made, index).leaf, path: shown(made, index).path }
    })
  return reveals.length === 0 ? undefined : { kind: 'reveal', reveals }
}

function chip(w: World, user: TestUser, { a, b }: Draw, what: number): ChipAction {
  const { chainId } = w.chain
  const it = pick(w.chips, a)
  const { serial } = it
  const record = chipAt(w, it)
  const node = pick(w.nodes, b)
  const other = pick(w.actors, b).address
  switch (what) {
    case 0:
      return claimOf(it, chainId, user.address)
    case 1:
      return { op: 'transfer', serial, to: other }
    case 2:
      return { op: 'offer', serial, price: b % 4 === 0 ? null : amountOf(w, user, b), to: b % 3 === 0 ? other : null }
    case 3:
      return { op: 'buy', serial, price: b % 8 === 0 ? amountOf(w, user, b) : (record?.offer?.price ?? 0n) }
    case 4:
      return { op: 'lease', serial, lessee: other, untilHeight: w.height + (b % (5 * EPOCH_BLOCKS)) }
    case 5:
      return { op: 'endLease', serial }
    case 6:
      return { op: 'retire', serial }
    case 7:
      return { op: 'assign', serial, node: null, consent: null }
    default: {
      const message = chipConsentMessage(chainId, serial, record?.moves ?? 0, node.key, user.address)
      return { op: 'assign', serial, node: node.key, consent: crypto.signEd25519(message, node.secret) }
    }
  }
}

/** What is done with a chip: of eight, few retire it, most have it work. */
function chipAction(w: World, draw: Draw): { readonly user: TestUser; readonly action: ChipAction } {
  const it = pick(w.chips, draw.a)
  const record = chipAt(w, it)
  const offered = record?.offer !== undefined && record.offer !== null
  const let_ = record?.lease !== undefined && record.lease !== null
  const usual = [
    1,
    2,
    2,
    4,
    7,
    8,
    8,
    8,
    8,
    8,
    ...(offered ? [3, 3, 3, 3] : [3]),
    ...(let_ ? [5, 5, 5] : [5]),
    ...(draw.b % 4 === 0 ? [0, 6] : []),
  ]
  const what = record === undefined ? 0 : pick(usual, draw.a >> 3)
  const user = what === 3 ? pick(w.actors, draw.who) : chipUser(w, draw)
  return { user, action: chip(w, user, draw, what) }
}

/** Who a chip's action is from: mostly its lessee or owner. */
function chipUser(w: World, { who, a }: Draw): TestUser {
  const record = chipAt(w, pick(w.chips, a))
  const controller = record?.lease?.lessee ?? record?.owner
  const mine = w.actors.find((u) => u.address.join() === controller?.join())
  return who % 4 === 0 || mine === undefined ? pick(w.actors, who >> 2) : mine
}

function node(w: World, user: TestUser, { a, b }: Draw): NodeAction {
  const own = w.nodes.find((v) => v.key.join() === user.key.join())
  switch (a % 7) {
    case 0:
      return nodeOf(own ?? pick(w.nodes, b), w.chain.chainId)
    case 1:
    case 2:
      return { op: 'bond', amount: amountOf(w, user, b) }
    case 3:
      return { op: 'unbond', amount: amountOf(w, user, b) }
    case 4:
      return { op: 'withdraw' }
    default:
      return b % 4 === 0 ? { op: 'leave' } : { op: 'bond', amount: 3n * BOND_PRICE }
  }
}

/** Of a height of the trusting period, just outside of it, or to come. */
function heightOf(w: World, n: number): number {
  return Math.max(0, w.height + 2 - (n % (TRUSTING_BLOCKS + 4)))
}

function setOf(w: World, height: number): readonly Validator[] {
  try {
    return w.chain.setAt(height)
  } catch {
    return w.chain.setAt(w.height + 1)
  }
}

function evidence(w: World, { a, b }: Draw): TxPayload {
  const height = heightOf(w, a)
  const set = setOf(w, height)
  const voter = b % set.length
  const holder = w.nodes.find((v) => v.validator.bls.join() === set[voter]?.bls.join()) as TestValidator
  const keys = { voter: holder.voter, signNode: (m: Uint8Array) => crypto.signEd25519(m, holder.secret) }
  const port = bftCrypto(w.chain.chainId, keys, crypto)
  const vote = (block: string | null): Vote => {
    const body = { height, round: b % 3, phase: 'prevote', block } as const
    return { kind: 'vote', ...body, voter, signature: port.signVote(body) }
  }
  // most show what proves nothing: who was punished does nothing more
  const record = encodeEvidence(voteEvidence(vote('11'.repeat(32)), vote('22'.repeat(32))))
  if (b % 4 !== 0) record[record.length - 1] = (record.at(-1) as number) ^ 1
  return { kind: 'evidence', record }
}

function vendor(w: World, { a, b }: Draw): TxPayload {
  const height = heightOf(w, a)
  const { key } = pick(w.vendors, b)
  const name = pick(['maker', 'other'], b >> 1)
  const set = setOf(w, height)
  const message = vendorMessage(w.chain.chainId, height, name, key)
  return { kind: 'vendor', proposal: { name, key, height, ...signed(w, set, a >> 4, message) } }
}

/** Sends what was drawn; false where nothing could be sent. */
export function act(w: World, draw: Draw): boolean {
  const user = pick(w.actors, draw.who)
  switch (draw.kind) {
    case 0:
      return w.send(user, transfer(w, draw)) !== undefined
    case 1:
      return w.send(user, contracts(w, draw)) !== undefined
    case 2: {
      const { payload, batches } = anchor(w, draw)
      const id = w.send(user, payload)
      if (id !== undefined) w.anchors.push({ id, batches })
      return id !== undefined
    }
    case 3: {
      const payload = refute(w, draw)
      return payload !== undefined && w.send(user, payload) !== undefined
    }
    case 4: {
      const payload = reveal(w, draw)
      return payload !== undefined && w.send(user, payload) !== undefined
    }
    case 5: {
      const { user: owner, action } = chipAction(w, draw)
      return w.send(owner, { kind: 'chip', action }) !== undefined
    }
    case 6: {
      // nodes, and now and then somebody who is none
      const sender = draw.who % 9 === 0 ? user : pick(w.nodes, draw.who)
      return w.send(sender, { kind: 'node', action: node(w, sender, draw) }) !== undefined
    }
    case 7:
      return w.send(user, vendor(w, draw)) !== undefined
    default:
      return w.send(user, evidence(w, draw)) !== undefined
  }
}
