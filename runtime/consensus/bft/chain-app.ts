/** The chain behind the port that agreement needs: one validator of many. */
import {
  asArray,
  asBytes,
  certificateHash,
  decode,
  decodeCertificate,
  decodeTx,
  encode,
  encodeCertificate,
  equalBytes,
  fromHex,
  headerHash,
  isUtnetError,
  leaderOf,
  LIMITS,
  merkleRoot,
  parseCid,
  toHex,
  UtnetError,
  type AskForCode,
  type Certificate,
  type CID,
  type CodeNeed,
} from '../../core/index.ts'
import { catDigest, verdictsDigest } from '../cat/index.ts'
import { decodeBlock, encodeBlock, type Block, type BlockWork, type Chain, type ExecutedBlock } from '../chain/index.ts'
import type { Proposer } from '../crypto-port.ts'
import type { FinalNotice, BlockLabel, HeightSetup } from '../messages/index.ts'
import type { BlockApp } from './node.ts'
import { LackingCode } from './lacking-code.ts'
import { RoundWork, type RoundWorkOptions } from './round-work.ts'

/** How far a header's time may lie ahead of a validator's clock before it prevotes for none (W-CLK-1), milliseconds. */
const DRIFT_MS = 3_000
const PAYLOAD_BYTES = LIMITS.blockTxBytes + 1_024 * 1_024
const NO_HASH = new Uint8Array(32)
/** Blocks of a height that are kept as they were run: one more is run again when it comes back. */
const EXECUTED = 16

/** A block as it travels between validators: itself, and the certificate of its parent that its header names (null below height 2). */
export interface BlockPayload {
  readonly block: Block
  readonly parentCertificate: Certificate | null
}

/** Canonical bytes. */
export function encodePayload({ block, parentCertificate }: BlockPayload): Uint8Array {
  return encode([encodeBlock(block), parentCertificate === null ? null : encodeCertificate(parentCertificate)])
}

/**
 * The block of its bytes. Everything in it hangs on the header's hash, or it is none: transactions by their root, the certificate, CAT and
 * verdicts by their hashes, so that nobody can pass a bad body under a good block's name. Throws `chain_invalid`, `core_not_canonical` or `core_too_large`.
 */
export function decodePayload(bytes: Uint8Array): BlockPayload {
  const list = asArray(decode(bytes, 'block payload', PAYLOAD_BYTES), 'block payload', 2)
  const block = decodeBlock(asBytes(list[0], 'block'))
  const parentCertificate = list[1] === null ? null : decodeCertificate(asBytes(list[1], 'certificate'))
  const named = parentCertificate === null ? NO_HASH : certificateHash(parentCertificate)
  if (!equalBytes(named, block.header.parentCertificate)) throw new UtnetError('chain_invalid', 'the payload carries another certificate')
  if (!equalBytes(merkleRoot(block.txs), block.header.txRoot))
    throw new UtnetError('chain_invalid', 'the payload carries other transactions')
  if (!equalBytes(catDigest(block.cat), block.header.cat)) throw new UtnetError('chain_invalid', 'the payload carries another CAT')
  if (!equalBytes(verdictsDigest(block.verdicts), block.header.verdicts))
    throw new UtnetError('chain_invalid', 'the payload carries other verdicts')
  return { block, parentCertificate }
}

/** What a payload says of itself; undefined when it is no block. */
export function payloadLabel(bytes: Uint8Array): BlockLabel | undefined {
  try {
    const { header } = decodePayload(bytes).block
    return { id: toHex(headerHash(header)), height: header.height, round: header.round }
  } catch (error) {
    if (isUtnetError(error)) return undefined
    throw error
  }
}

/** What a validator's application runs on. */
export interface ChainAppOptions {
  readonly chain: Chain
  readonly proposer: Proposer
  /** Own clock, milliseconds since 1970. */
  readonly clock: () => number
  /** The own part in the work of rounds; a node without it shows no chips and gives no verdicts. */
  readonly work?: RoundWorkOptions
  /** Where code comes from that this node lacks; without it such a block is never voted for. */
  readonly code?: CodeOptions
}

/** Asking for code, and keeping what came. */
export interface CodeOptions {
  readonly ask: AskForCode
  /** Keeps a module's file; durable when it resolves. */
  readonly keep: (file: Uint8Array) => Promise<unknown>
}

/** What a block publishes that validators must hold. */
function publishedBy({ txs }: Block): CodeNeed[] {
  return txs.flatMap((wire) => {
    const { payload } = decodeTx(wire).body
    return payload.kind === 'publish' && payload.world === 'contract' ? [{ module: payload.module, bytes: payload.size }] : []
  })
}

/**
 * The port over an open chain. A block whose code is not all here is not judged: it is asked for, and the block run when it came. Blocks that this node cannot run for another fault of
 * its own stop it: it must not vote on them.
 */
export function chainApp({ chain, proposer, clock, work: options, code }: ChainAppOptions): BlockApp {
  const work = options === undefined ? undefined : new RoundWork(chain, proposer.key, options)
  const executed = new Map<string, ExecutedBlock>()
  const keep = (id: string, done: ExecutedBlock): ExecutedBlock => {
    const oldest = executed.keys().next()
    if (executed.size >= EXECUTED && oldest.done !== true) executed.delete(oldest.value)
    executed.set(id, done)
    return done
  }

  function setup(): HeightSetup {
    const { header } = chain.head()
    const height = header.height + 1
    const members = chain.setAt(height)
    return {
      height,
      members,
      self: members.findIndex((v) => equalBytes(v.key, proposer.key)),
      leaderOf: (round) => leaderOf(header.seed, round, members),
    }
  }

  const lacking = new LackingCode({ holds: (need) => chain.holds(need), ask: code?.ask ?? (() => {}) })

  const lost = (module: CID): CodeNeed | undefined => {
    const bytes = chain.moduleBytes(module)
    return bytes === undefined ? undefined : { module, bytes }
  }

  /** A block could not be run without a module: one that it publishes, or, where no size is told, one that the state has and this node lost. */
  function lack(id: string, block: Block, { details }: UtnetError): void {
    const { module: name, bytes } = details ?? {}
    const published = publishedBy(block)
    const first =
      bytes === undefined
        ? lost(parseCid(String(name), 'module'))
        : published.find((need) => need.module.toString() === name && need.bytes === bytes)
    if (first === undefined) throw new UtnetError('node_internal', `a block needs ${String(name)}, which nobody published`)
    const keys = chain.setAt(block.header.height).map((v) => v.key)
    const at = keys.findIndex((key) => equalBytes(key, block.header.proposer))
    const nodes = [...keys.slice(at), ...keys.slice(0, at)].filter((key) => !equalBytes(key, proposer.key))
    lacking.add(id, first, published, nodes)
  }

  async function run(payload: Uint8Array): Promise<ExecutedBlock | 'invalid' | 'lacking'> {
    const { block, parentCertificate } = decodePayload(payload)
    const id = toHex(headerHash(block.header))
    const known = executed.get(id)
    if (known !== undefined) return known
    if (lacking.lacks(id)) return 'lacking'
    try {
      return keep(id, await chain.runBlock(block, parentCertificate))
    } catch (error) {
      if (!isUtnetError(error)) throw error
      if (error.code === 'host_module_missing') {
        lack(id, block, error)
        return 'lacking'
      }
      if (error.fault !== 'node') return 'invalid'
      throw error
    }
  }

  /** Undefined where validators look before they vote and the own CAT does not hold: a chip that answers wrongly costs the turn, not the node. */
  async function propose(round: number, own: Partial<BlockWork>): Promise<ExecutedBlock | undefined> {
    try {
      return chain.proposeBlock({ timeMs: clock(), round, proposer, ...own }).executed
    } catch (error) {
      if (chain.genesis.environment === 'before-vote' && isUtnetError(error, 'chain_invalid')) return undefined
      throw error
    }
  }

  return {
    setup,
    build: async (height, round) => {
      if (chain.head().header.height + 1 !== height) return undefined
      const own = work === undefined ? {} : await work.propose()
      if (own === undefined) return undefined
      const made = await propose(round, own)
      if (made === undefined) return undefined
      keep(toHex(made.hash), made)
      return encodePayload({ block: made.block, parentCertificate: made.parentCertificate })
    },
    check: async (payload) => {
      const done = await run(payload)
      if (done === 'lacking') return undefined
      if (done === 'invalid') return { valid: false, timely: false }
      // as of time: who votes again for an older block stands on more than a third of honest power that has looked
      const timely = done.block.header.time <= clock() + DRIFT_MS && (work === undefined || (await work.agrees(done.block)))
      return { valid: true, timely }
    },
    commit: async ({ certificate: c, payload }) => {
      const done = await run(payload)
      if (typeof done === 'string') throw new UtnetError('node_internal', `block ${c.block} was final before it was checked`)
      const { height, round, signers, signature } = c
      await chain.commitBlock(done, { height, round, block: fromHex(c.block), signers, signature })
      executed.clear()
      lacking.clear()
    },
    finalAt: (height): FinalNotice | undefined => {
      if (height < 1 || height > chain.head().header.height) return undefined
      const { header, hash, certificate, txs, cat, verdicts } = chain.blockAt(height)
      if (certificate === null) return undefined
      const parentCertificate = chain.headerAt(height - 1).certificate
      const { round, signers, signature } = certificate
      return {
        kind: 'final',
        certificate: { height, round, phase: 'precommit', block: toHex(hash), signers, signature },
        payload: encodePayload({ block: { header, txs, cat, verdicts }, parentCertificate }),
      }
    },
    ...(work === undefined ? {} : { verdicts: work }),
    code: {
      tick: () => lacking.tick(),
      take: async (module, file) => {
        const wanted = lacking.wants(module, file)
        if (wanted !== true) return wanted === false ? 'code' : 'stale'
        await code?.keep(file)
        return undefined
      },
    },
  }
}
