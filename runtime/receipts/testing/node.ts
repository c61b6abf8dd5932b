/** A node's receipts over a simulated disk, for the tests of this room. */
import {
  cidOf,
  DAG_CBOR,
  digest,
  encode,
  leafHash,
  requestOpening,
  responseOpening,
  sha256,
  utf8,
  verifyInclusion,
  withoutSecrets,
  type Attestation,
  type CID,
  type Disk,
  type Retention,
  batchMessage,
} from '../../core/index.ts'
import { openSigner, verifyEd25519 } from '../../crypto/native.ts'
import { seededRandom } from '../../kv/index.ts'
import { openReceipts, type DurableRecord, type Issued, type LaneRange, type OpenRun, type Receipts, type RunResult } from '../index.ts'

export const signer = openSigner(digest('test-node', utf8('receipts')))
export const MODULE = cidOf(DAG_CBOR, utf8('module'))
export const CHAIN = cidOf(DAG_CBOR, utf8('chain'))
export const CHAIN_SEED = sha256(utf8('seed'))

export interface NodeOptions {
  readonly seed?: number
  readonly sign?: (bytes: Uint8Array) => Uint8Array
  readonly lanes?: LaneRange
  readonly onRecovered?: (record: DurableRecord) => void
}

/** Opens the receipts of the test node. */
export function openNode(disk: Disk, { seed = 1, sign = signer.sign, ...rest }: NodeOptions = {}): Receipts {
  const random = seededRandom(seed)
  return openReceipts({
    disk,
    node: signer.key,
    chainId: CHAIN,
    sign,
    random: (n) => Uint8Array.from({ length: n }, () => Math.floor(random() * 256)),
    soon: (fn) => void setImmediate(fn),
    ...rest,
  })
}

const HEADERS = [
  ['accept', utf8('*/*')],
  ['authorization', utf8('Bearer hunter2-in-a-header')],
] as const

/** Begins a run that was asked with this body. */
export function begin(receipts: Receipts, body: string | Uint8Array = 'hello'): OpenRun {
  const bytes = typeof body === 'string' ? utf8(body) : body
  return receipts.begin({
    module: MODULE,
    chainSeed: CHAIN_SEED,
    input: (salt) => requestOpening('POST', '/p?q=1', withoutSecrets(HEADERS, salt), sha256(bytes)),
  })
}

/** What a run with this body comes to. */
export function result(body: string | Uint8Array, retention: Retention, change: Partial<RunResult> = {}): RunResult {
  const bytes = typeof body === 'string' ? utf8(body) : body
  return {
    kind: 'invoke',
    world: 'function',
    entry: 'handle',
    status: 'ok',
    gas: 12n,
    protocol: 1,
    models: [],
    context: { chainId: CHAIN, height: 5, time: 1000 },
    retention,
    output: responseOpening(200, [['content-type', utf8('text/plain')]], sha256(bytes)),
    log: encode([['time', 7]]),
    files: [[sha256(bytes), bytes]],
    ...change,
  }
}

/** A whole run. */
export function run(receipts: Receipts, body: string | Uint8Array, retention: Retention, change: Partial<RunResult> = {}): Ran {
  const open = begin(receipts, body)
  return ended(open, result(body, retention, change))
}

export interface Ran {
  readonly id: CID
  readonly attested: Promise<Attestation>
  readonly salt: Uint8Array
  readonly issued: Issued
}

/** Ends a run; its id is made when it is asked for, as in a node. */
export function ended(open: OpenRun, result: RunResult): Ran {
  const issued = open.finish(result)
  return {
    get id() {
      return issued.id
    },
    attested: issued.attested,
    salt: open.salt,
    issued,
  }
}

/** True when the attestation stands for these body bytes. */
export function attests(a: Attestation, body: Uint8Array): boolean {
  return (
    verifyInclusion(leafHash(body), a.index, a.batch.size, a.path, a.batch.root) &&
    verifyEd25519(a.sig, batchMessage(CHAIN, a.batch), signer.key)
  )
}

/** True when the text stands anywhere in the bytes. */
export function holds(bytes: Uint8Array, text: string): boolean {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).includes(text, 0, 'latin1')
}
