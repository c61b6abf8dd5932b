/** A set of 1,000 seats with real keys, and certificates by the fewest of them that make a block final. */
import {
  anchorCbor,
  callLeaf,
  callSalt,
  callInputOpening,
  callOutputOpening,
  callSeed,
  cidOf,
  DAG_CBOR,
  digest,
  encode,
  encodeReceipt,
  inclusionPath,
  leafHash,
  openingDigest,
  pathSides,
  PROTOCOL,
  RAW,
  rootOfHashes,
  saltOf,
  sha256,
  utf8,
  type Anchor,
  type Header,
} from '../../runtime/core/index.ts'
import { certifyBy, lightTestChain, type TestChain } from '../../runtime/consensus/light/testing/chain.ts'

export const SEATS = 1_000
/** More than two thirds: the dearest certificate that a set has, since absent members cost nothing. */
export const SIGNERS = 667
/** Transactions of a full block, each with a receipt (`LIMITS.blockTxs`). */
const RECEIPTS = 10_000

const members = Object.fromEntries(Array.from({ length: SEATS }, (_, i) => [`seat ${i}`, 1]))

/** Bodies as the chain writes them for calls. */
function receiptBody(i: number, header: Pick<Header, 'chainId' | 'height' | 'time' | 'seed'>): Uint8Array {
  const tx = cidOf(DAG_CBOR, encode([i]))
  const salt = callSalt(tx)
  const digestOf = (name: 'input' | 'output', opening: Uint8Array): Uint8Array => openingDigest(name, saltOf(salt, name), opening)
  return encodeReceipt({
    v: 1,
    kind: 'call',
    module: cidOf(RAW, utf8('a module')),
    world: 'contract',
    entry: 'transfer',
    input: digestOf('input', callInputOpening('transfer', ['bob', i])),
    output: digestOf('output', callOutputOpening(true, sha256(encode(i)))),
    status: 'ok',
    gas: 123_456n,
    protocol: PROTOCOL,
    log: null,
    models: [],
    node: null,
    tx,
    events: rootOfHashes([]),
    context: { chainId: header.chainId, height: header.height, time: header.time, seed: callSeed(header.seed, tx) },
  })
}

export interface SeatsChain {
  readonly chain: TestChain
  certificateOf(height: number): ReturnType<typeof certifyBy>
  /** A receipt of a full block of that height, with its path. */
  readonly receipt: { readonly height: number; readonly body: Uint8Array; readonly anchor: Anchor; readonly anchorBytes: Uint8Array }
}

export function seatsChain(): SeatsChain {
  const height = 3
  let receipt: SeatsChain['receipt'] | undefined
  const change = (header: Header): Header => {
    if (header.height !== height) return header
    const bodies = Array.from({ length: RECEIPTS }, (_, i) => receiptBody(i, header))
    const hashes = bodies.map((body) => leafHash(callLeaf(body)))
    const at = RECEIPTS >> 1
    const anchor: Anchor = { height, index: pathSides(at, RECEIPTS), path: inclusionPath(hashes, at) }
    receipt = { height, body: bodies[at] as Uint8Array, anchor, anchorBytes: encode(anchorCbor(anchor)) }
    return { ...header, receiptRoot: rootOfHashes(hashes), txRoot: digest('bench', utf8('transactions')) }
  }
  const chain = lightTestChain({ epochs: [members], epochBlocks: 600, name: 'seats', change })
  const certificateOf = (at: number): ReturnType<typeof certifyBy> =>
    certifyBy(chain.chainId, chain.headerAtUncertified(at), chain.membersAt(at), (i) => i < SIGNERS)
  chain.headerAtUncertified(height)
  if (receipt === undefined) throw new Error('the block of the receipt was not made')
  return { chain, certificateOf, receipt }
}
