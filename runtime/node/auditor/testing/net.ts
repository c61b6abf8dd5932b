/** For tests: an auditor over a real chain of one validator, on which another node anchors. */
import {
  batchData,
  cidOf,
  concatBytes,
  DAG_CBOR,
  decodeTx,
  encodeReceipt,
  LIMITS,
  merkleRoot,
  runSeed,
  sha256,
  type CID,
  type Kv,
  type RunBody,
  type TxPayload,
} from '../../../core/index.ts'
import {
  runBody,
  signBatch,
  testChain,
  testGenesis,
  UNC,
  userOf,
  validatorOf,
  VALIDATOR,
  type TestChain,
} from '../../../consensus/testing/test-kit.ts'
import { nodeOf } from '../../../consensus/power/testing/chips.ts'
import type { Examined } from '../examine.ts'
import type { Anchored } from '../leaves.ts'
import { openAuditor, type Auditor, type AuditSource, type Finding } from '../index.ts'

export const LIAR = validatorOf(7)
export const ZERO = new Uint8Array(32)
export const BOND = 1_000n * UNC
/** For anchors of many receipts and registrations. */
export const GAS = 150_000_000n

export interface Net {
  readonly t: TestChain
  readonly blocks: Map<string, Uint8Array>
  readonly source: AuditSource
  /** A block, and what the auditor does behind it. */
  step(): Promise<void>
  auditor: Auditor
  readonly findings: Finding[]
  /** Anchors batches of the liar whose leaves are there for the auditor to fetch. */
  anchor(batches: readonly (readonly Uint8Array[])[], over?: Over): Promise<CID>
  /** Blocks that take longer than a batch may. */
  readonly slow: Set<string>
  reopen(): void
}

interface Over {
  readonly data?: CID | null
  readonly hide?: boolean
  readonly thread?: number
  readonly root?: Uint8Array
  readonly size?: number
}

export interface NetOptions {
  /** What the examiner is made to find. */
  readonly examined?: Examined | (() => Promise<Examined>)
  /** Told when the examiner is closed. */
  readonly onStop?: () => void
  readonly member?: typeof VALIDATOR
  /** The auditor's store over the chain's, each time that it is opened. */
  readonly store?: (kv: Kv) => Kv
  readonly onFailure?: (error: unknown) => void
}

const RIGHT: Examined = { result: 'right', why: 'the same' }

/** A net whose bundles have a byte. */
export async function net({ examined = RIGHT, member = VALIDATOR, onStop, store, onFailure }: NetOptions = {}): Promise<Net> {
  const genesis = testGenesis({
    accounts: [userOf(2), userOf(9), VALIDATOR, LIAR].map(({ address }) => ({ address, balance: 1_000_000n * UNC })),
  })
  const t = await testChain({ genesis })
  const blocks = new Map<string, Uint8Array>()
  const slow = new Set<string>()
  let ms = 0
  const get = (cid: CID): Promise<Uint8Array> => {
    if (slow.has(cid.toString())) ms += LIMITS.auditBatchMs + 1
    const bytes = blocks.get(cid.toString())
    return bytes === undefined ? Promise.reject(new Error('not here')) : Promise.resolve(bytes)
  }
  const source: AuditSource = { block: get, bundle: (cid) => get(cid).then(() => Uint8Array.of(1)) }
  const findings: Finding[] = []
  const open = (): Auditor =>
    openAuditor({
      chain: t.chain,
      node: member,
      voter: member.voter,
      clock: { nowMs: () => ms },
      kv: store?.(t.kv) ?? t.kv,
      sources: [source],
      examiner: {
        examine: () => (typeof examined === 'function' ? examined() : Promise.resolve(examined)),
        close: async () => onStop?.(),
      },
      onFinding: (finding) => findings.push(finding),
      onSubmit: () => {},
      onFailure:
        onFailure ??
        ((error) => {
          throw error
        }),
    })
  let threads = 0
  const n: Net = {
    t,
    blocks,
    source,
    findings,
    auditor: open(),
    async step() {
      const { header } = await t.produce()
      n.auditor.block(header.height)
      await n.auditor.settled()
    },
    async anchor(batches, { data, hide = false, thread, root, size } = {}) {
      const signed = batches.map((leaves) =>
        signBatch(LIAR, t.chain.chainId, {
          thread: thread ?? threads++,
          first: 0,
          size: size ?? leaves.length,
          prev: ZERO,
          root: root ?? merkleRoot(leaves),
        }),
      )
      const links = batchData(batches.map((leaves) => concatBytes(...leaves.map((leaf) => sha256(leaf)))))
      if (!hide) for (const bytes of [links.bytes, ...batches.flat()]) blocks.set(cidOf(DAG_CBOR, bytes).toString(), bytes)
      const id = t.send(LIAR, { kind: 'anchor', batches: signed, data: data === undefined ? links.cid : data }, { gasLimit: GAS })
      await n.step()
      if (!t.chain.blockAt(t.chain.head().header.height).outcomes.some((o) => o.status === 'ok')) throw new Error('it was not anchored')
      return id
    },
    slow,
    reopen() {
      n.auditor = open()
    },
  }
  await n.step()
  t.send(LIAR, { kind: 'node', action: nodeOf(LIAR, t.chain.chainId) }, { gasLimit: GAS })
  t.send(LIAR, { kind: 'node', action: { op: 'bond', amount: BOND } }, { gasLimit: GAS })
  await n.step()
  if (bond(n) !== BOND) throw new Error('the liar has no bond')
  return n
}

/** An anchor as its block has it. */
export function anchoredOf({ t }: Net, id: CID): Anchored {
  const { wire, height } = t.chain.tx(id) as { readonly wire: Uint8Array; readonly height: number }
  const { data, batches } = decodeTx(wire).body.payload as TxPayload & { readonly kind: 'anchor' }
  return { id, height, time: t.chain.headerAt(height).header.time, data, batches }
}

export const bond = ({ t }: Net): bigint => t.chain.account(LIAR.address).bond
export const closed = ({ t }: Net, thread: number): number | null => t.chain.batchHead(LIAR.key, thread).closed
export const steps = async (n: Net, count: number): Promise<void> => {
  for (let i = 0; i < count; i++) await n.step()
}

/** A leaf of the liar that nobody can say anything against. */
export function leaf({ t }: Net, thread: number, seq: number, over: (body: RunBody) => Partial<RunBody> = () => ({})): Uint8Array {
  const body = runBody(t.chain, LIAR, thread, seq)
  const seed = runSeed(t.chain.head().header.seed, body.module, body.input, thread, seq)
  const good = { ...body, context: { ...body.context, seed } }
  return encodeReceipt({ ...good, ...over(good) })
}

export const some = (n: Net, thread: number, count = 3): Uint8Array[] => Array.from({ length: count }, (_, i) => leaf(n, thread, i))
