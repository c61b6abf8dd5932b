/**
 * Transactions: dag-cbor array [1, chain id, sender key, nonce, expiry height, gas limit, max fee per gas, kind, payload];
 * id = CID of that; on the wire [body, signature]. Signed under the domain `utnet/tx/1\0`.
 */
import { CID } from 'multiformats/cid'
import { amountBytes, aname, bytesAmount } from '../names/index.ts'
import {
  abytes,
  ARRAY,
  asArray,
  asBytes,
  asCid,
  asMap,
  asText,
  asU64,
  asUint,
  cidOf,
  concatBytes,
  DAG_CBOR,
  decode,
  domain,
  encode,
  HEAD_MAX,
  putBytes,
  putHead,
  putRaw,
  type Cbor,
} from '../codec/index.ts'
import {
  chipActionCbor,
  nodeActionCbor,
  readChipAction,
  readNodeAction,
  readVendor,
  vendorCbor,
  type ChipAction,
  type NodeAction,
  type VendorProposal,
} from '../power/index.ts'
import { limitError, shown, UtnetError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import { readBatch, type BatchStatement } from '../receipt/index.ts'
import {
  anchoredCbor,
  claimCbor,
  readAnchored,
  readClaim,
  readReveal,
  revealCbor,
  type AnchoredBatch,
  type Claim,
  type Reveal,
} from '../rollup/index.ts'

/** The four kinds of TxData of the white paper 3.2.2 are publish, operators, route and custom; transfer, call, answer and anchor complete them. */
export type TxPayload =
  | { readonly kind: 'transfer'; readonly to: Uint8Array; readonly value: bigint }
  | { readonly kind: 'publish'; readonly name: string; readonly module: CID; readonly world: string; readonly size: number }
  | { readonly kind: 'call'; readonly to: Uint8Array; readonly export: string; readonly args: Cbor }
  | {
      readonly kind: 'operators'
      readonly stack: readonly { readonly module: CID; readonly entry: string; readonly inputs: readonly CID[] }[]
    }
  | { readonly kind: 'route'; readonly data: CID; readonly to: Uint8Array; readonly size: number }
  | { readonly kind: 'custom'; readonly data: Uint8Array }
  /** Answers an inference that a contract asked for; `answer` is that of `inference-request.ts`. */
  | { readonly kind: 'answer'; readonly contract: Uint8Array; readonly request: bigint; readonly answer: Uint8Array }
  /** A record of `runtime/consensus/messages/evidence.ts`: somebody signed twice. */
  | { readonly kind: 'evidence'; readonly record: Uint8Array }
  | { readonly kind: 'chip'; readonly action: ChipAction }
  | { readonly kind: 'node'; readonly action: NodeAction }
  | { readonly kind: 'vendor'; readonly proposal: VendorProposal }
  /** `data` leads to the leaves of all its batches (`batch-data.ts`); only the node itself says where they are. */
  | {
      readonly kind: 'anchor'
      readonly batches: readonly { readonly batch: BatchStatement; readonly sig: Uint8Array }[]
      readonly data: CID | null
    }
  /** Says what is wrong with an anchored batch. */
  | { readonly kind: 'refute'; readonly target: AnchoredBatch; readonly claim: Claim }
  /** Shows leaves that were asked for. */
  | { readonly kind: 'reveal'; readonly reveals: readonly Reveal[] }

/** What a sender signs. */
export interface TxBody {
  readonly chainId: CID
  /** ed25519 key, 32 bytes. */
  readonly sender: Uint8Array
  readonly nonce: number
  /** Last height at which it may stand in a block. */
  readonly expiry: number
  readonly gasLimit: bigint
  /** In 10^-18 UNC. */
  readonly maxFeePerGas: bigint
  readonly payload: TxPayload
}

/** A transaction as it travels. */
export interface SignedTx {
  readonly body: TxBody
  /** ed25519, 64 bytes. */
  readonly sig: Uint8Array
}

function payloadCbor(p: TxPayload): Cbor {
  switch (p.kind) {
    case 'transfer':
      return { to: p.to, value: amountBytes(p.value) }
    case 'publish':
      return { name: p.name, module: p.module, world: p.world, size: p.size }
    case 'call':
      return { to: p.to, export: p.export, args: p.args }
    case 'operators':
      return { stack: p.stack.map((s) => ({ module: s.module, entry: s.entry, inputs: [...s.inputs] })) }
    case 'route':
      return { data: p.data, to: p.to, size: p.size }
    case 'custom':
      return { data: p.data }
    case 'answer':
      return { contract: p.contract, request: p.request, answer: p.answer }
    case 'evidence':
      return { record: p.record }
    case 'chip':
      return chipActionCbor(p.action)
    case 'node':
      return nodeActionCbor(p.action)
    case 'vendor':
      return vendorCbor(p.proposal)
    case 'anchor':
      return { batches: p.batches.map(({ batch, sig }) => ({ batch: { ...batch }, sig })), data: p.data }
    case 'refute':
      return { target: anchoredCbor(p.target), claim: claimCbor(p.claim) }
    case 'reveal':
      return { reveals: p.reveals.map(revealCbor) }
  }
}

function bodyCbor(b: TxBody): Cbor {
  return [1, b.chainId, b.sender, b.nonce, b.expiry, b.gasLimit, amountBytes(b.maxFeePerGas), b.payload.kind, payloadCbor(b.payload)]
}

/** Canonical bytes of a body. */
export function encodeTxBody(body: TxBody): Uint8Array {
  return encode(bodyCbor(body))
}

/** The id: CID of the body's bytes. */
export function txId(body: TxBody): CID {
  return cidOf(DAG_CBOR, encodeTxBody(body))
}

/** What the sender signs. */
export function txSigningBytes(body: TxBody): Uint8Array {
  return concatBytes(domain('tx'), encodeTxBody(body))
}

/** Wire bytes: [body, signature]. */
export function encodeTx(tx: SignedTx): Uint8Array {
  return encode([bodyCbor(tx.body), tx.sig])
}

/** Wire bytes of a body that is encoded once for both: what is signed of it, and what is sent. `sign` gives 64 bytes. */
export function encodeSignedTx(body: TxBody, sign: (message: Uint8Array) => Uint8Array): Uint8Array {
  const bytes = encodeTxBody(body)
  const wire = new Uint8Array(bytes.length + 2 * HEAD_MAX + 64)
  const at = putRaw(wire, putHead(wire, 0, ARRAY, 2), bytes)
  return wire.slice(0, putBytes(wire, at, abytes(sign(concatBytes(domain('tx'), bytes)), 64, 'signature')))
}

function readPayload(kind: string, value: Cbor | undefined): TxPayload {
  const what = `payload of ${kind}`
  switch (kind) {
    case 'transfer': {
      const m = asMap(value, ['to', 'value'], what)
      return { kind, to: asBytes(m['to'], 'to', 20), value: bytesAmount(asBytes(m['value'], 'value'), 'value') }
    }
    case 'publish': {
      const m = asMap(value, ['name', 'module', 'world', 'size'], what)
      return {
        kind,
        name: aname(m['name']),
        module: asCid(m['module'], 'module'),
        world: asText(m['world'], 'world'),
        size: asUint(m['size'], 'size'),
      }
    }
    case 'call': {
      const m = asMap(value, ['to', 'export', 'args'], what)
      return { kind, to: asBytes(m['to'], 'to', 20), export: asText(m['export'], 'export'), args: asArray(m['args'], 'args') }
    }
    case 'operators': {
      const m = asMap(value, ['stack'], what)
      const stack = asArray(m['stack'], 'stack').map((item) => {
        const s = asMap(item, ['module', 'entry', 'inputs'], 'operator call')
        return {
          module: asCid(s['module'], 'module'),
          entry: asText(s['entry'], 'entry'),
          inputs: asArray(s['inputs'], 'inputs').map((c) => asCid(c, 'input')),
        }
      })
      return { kind, stack }
    }
    case 'route': {
      const m = asMap(value, ['data', 'to', 'size'], what)
      return { kind, data: asCid(m['data'], 'data'), to: asBytes(m['to'], 'to', 20), size: asUint(m['size'], 'size') }
    }
    case 'custom': {
      const m = asMap(value, ['data'], what)
      return { kind, data: asBytes(m['data'], 'data') }
    }
    case 'answer': {
      const m = asMap(value, ['contract', 'request', 'answer'], what)
      return {
        kind,
        contract: asBytes(m['contract'], 'contract', 20),
        request: asU64(m['request'], 'request'),
        answer: asBytes(m['answer'], 'answer'),
      }
    }
    case 'evidence': {
      const m = asMap(value, ['record'], what)
      return { kind, record: asBytes(m['record'], 'record') }
    }
    case 'chip':
      return { kind, action: readChipAction(value) }
    case 'node':
      return { kind, action: readNodeAction(value) }
    case 'vendor':
      return { kind, proposal: readVendor(value) }
    case 'anchor': {
      const m = asMap(value, ['batches', 'data'], what)
      const batches = asArray(m['batches'], 'batches').map((item) => {
        const b = asMap(item, ['batch', 'sig'], 'anchored batch')
        return { batch: readBatch(b['batch']), sig: asBytes(b['sig'], 'sig', 64) }
      })
      return { kind, batches, data: m['data'] === null ? null : asCid(m['data'], 'data') }
    }
    case 'refute': {
      const m = asMap(value, ['target', 'claim'], what)
      return { kind, target: readAnchored(m['target']), claim: readClaim(m['claim']) }
    }
    case 'reveal':
      return { kind, reveals: asArray(asMap(value, ['reveals'], what)['reveals'], 'reveals').map(readReveal) }
    default:
      throw new UtnetError('tx_invalid', `transaction kind ${kind} is not known`)
  }
}

/** What a stranger needs of a transaction in a block: who sent what kind. */
export interface TxHead {
  readonly id: CID
  readonly sender: Uint8Array
  readonly kind: string
}

/** The head of a transaction's wire bytes; throws `core_not_canonical`. What its payload says is not looked at: the chain did, or it would be in no block. */
export function readTxHead(bytes: Uint8Array): TxHead {
  const pair = asArray(decode(bytes, 'transaction', LIMITS.txBytes), 'transaction', 2)
  const list = asArray(pair[0], 'transaction body', 9)
  return { id: cidOf(DAG_CBOR, encode([...list])), sender: asBytes(list[2], 'sender', 32), kind: asText(list[7], 'kind') }
}

/** The transaction of wire bytes; throws `tx_invalid` (or the codec's refusal) naming the field. The signature is not checked here. */
export function decodeTx(bytes: Uint8Array): SignedTx {
  if (bytes.length > LIMITS.txBytes) throw limitError('tx_invalid', 'txBytes', bytes.length, LIMITS.txBytes, 'transaction')
  let list: readonly Cbor[]
  let sig: Uint8Array
  let payload: TxPayload
  try {
    const pair = asArray(decode(bytes, 'transaction', LIMITS.txBytes), 'transaction', 2)
    list = asArray(pair[0], 'transaction body', 9)
    if (list[0] !== 1) throw new UtnetError('tx_invalid', `transaction version ${shown(list[0])} is not known`)
    sig = asBytes(pair[1], 'signature', 64)
    payload = readPayload(asText(list[7], 'kind'), list[8])
    return {
      body: {
        chainId: asCid(list[1], 'chain id'),
        sender: asBytes(list[2], 'sender', 32),
        nonce: asUint(list[3], 'nonce'),
        expiry: asUint(list[4], 'expiry'),
        gasLimit: asU64(list[5], 'gas limit'),
        maxFeePerGas: bytesAmount(asBytes(list[6], 'max fee per gas'), 'max fee per gas'),
        payload,
      },
      sig,
    }
  } catch (cause) {
    if (cause instanceof UtnetError && cause.code.startsWith('tx_')) throw cause
    throw new UtnetError('tx_invalid', cause instanceof Error ? cause.message : 'transaction cannot be read', { cause })
  }
}
