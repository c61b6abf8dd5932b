/** A transaction as the chain holds it: read once, with everything derived from its bytes. */
import {
  byteString,
  cborCidText,
  cidOfDigest,
  concatBytes,
  DAG_CBOR,
  decodeTx,
  domain,
  keyAddress,
  PARAMS,
  publishedGas,
  sha256,
  type CID,
  type Params,
  type SignedTx,
  type TxPayload,
} from '../../../core/index.ts'

export interface ChainTx extends SignedTx {
  /** Bytes on the wire. */
  readonly wire: Uint8Array
  /** CID of the body, and its text. */
  readonly id: CID
  readonly hash: string
  /** Address of the sender, 20 bytes. */
  readonly address: Uint8Array
  /** The address as a key of maps. */
  readonly sender: string
  /** Gas before anything runs: base, bytes on the wire, bytes published, evidence to check. */
  readonly intrinsicGas: bigint
}

/** Gas of the signatures and proofs that a kind has to check, beside its sender's. */
function checksOf(payload: TxPayload, prices: Params['tx']): number {
  switch (payload.kind) {
    case 'evidence':
      return prices.evidence
    case 'anchor':
      return prices.anchorBatch * payload.batches.length
    case 'refute':
      return payload.claim.kind === 'verdict' ? prices.setSignature : prices.refute
    case 'reveal':
      return prices.reveal * payload.reveals.length
    case 'vendor':
      return prices.setSignature
    case 'chip':
      return payload.action.op === 'register' ? prices.chipRegister : prices.chipMove
    case 'node':
      return payload.action.op === 'register' ? prices.nodeRegister : prices.nodeMove
    default:
      return 0
  }
}

interface Sender {
  readonly address: Uint8Array
  readonly sender: string
}

/** Senders met before, by their keys: most send more than once, and an address is a hash. */
const met = new Map<string, Sender>()
const MET = 16_384

function senderOf(key: Uint8Array): Sender {
  const id = byteString(key)
  let found = met.get(id)
  if (found === undefined) {
    const address = keyAddress(key)
    found = { address, sender: byteString(address) }
    if (met.size >= MET) met.clear()
    met.set(id, found)
  }
  return found
}

const DOMAIN = domain('tx')
const TAIL = 66 // head of a 64-byte string, and the string

/** The body's own bytes in the canonical form: behind the head of the pair, before the signature. */
const bodyOf = (wire: Uint8Array): Uint8Array => wire.subarray(1, wire.length - TAIL)

/** What the signature of a transaction is over. It is not kept: it is asked for once, and a pool would hold everything twice. */
export function signedBytes({ wire }: ChainTx): Uint8Array {
  return concatBytes(DOMAIN, bodyOf(wire))
}

/** The transaction of wire bytes; throws `tx_invalid`. Signature and state are not checked here. */
export function readTx(wire: Uint8Array, params: Params = PARAMS): ChainTx {
  const { body, sig } = decodeTx(wire)
  const hash = sha256(bodyOf(wire))
  const { payload } = body
  const { address, sender } = senderOf(body.sender)
  return {
    body,
    sig,
    wire,
    id: cidOfDigest(DAG_CBOR, hash),
    hash: cborCidText(hash),
    address,
    sender,
    intrinsicGas:
      BigInt(params.tx.base) +
      BigInt(params.tx.byte) * BigInt(wire.length) +
      (payload.kind === 'publish' ? publishedGas(params, payload.world, payload.size) : 0n) +
      BigInt(checksOf(payload, params.tx)),
  }
}
