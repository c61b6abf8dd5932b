/** The transcript of a dispute: one file with all that a stranger needs to see who lost, and why. */
import {
  asArray,
  asBytes,
  asCid,
  asMap,
  asText,
  asUint,
  concatBytes,
  decode,
  digest,
  domain,
  DTYPES,
  elementCount,
  encode,
  equalBytes,
  LIMITS,
  limitError,
  tensorHeads,
  UtnetError,
  type Cbor,
  type Dtype,
  type NamedTensor,
  type TensorHead,
} from '../../core/index.ts'
import { claimCbor, type Claim } from '../claim.ts'
import { outcomeBytes, type Outcome } from './machine.ts'
import type { Party, SignedMessage } from './messages.ts'
import type { SigningKey } from '../verdict.ts'

/** The file, read. */
export interface Transcript {
  readonly claim: Claim
  readonly challenger: Uint8Array
  /** Blocks that a party had for a message, and the height at which the dispute was opened. */
  readonly blocks: number
  readonly height: number
  /** Each with the height of its block. */
  readonly messages: readonly (readonly [height: number, SignedMessage])[]
  /** Height up to which the referee waited for the next message. */
  readonly closed: number
  readonly outcome: Outcome
  /** Arithmetic id of the referee. */
  readonly arithmetic: string
  /** The model's file; null where a stranger has it anyway. */
  readonly model: Uint8Array | null
  /** The inputs, of a model whose outline hangs on their values; else null. */
  readonly inputs: readonly NamedTensor[] | null
  /** ed25519 of the referee. */
  readonly referee: Uint8Array
  /** Its signature of all the rest, behind the domain `dispute-transcript`. */
  readonly sig: Uint8Array
}

const headCbor = (head: TensorHead): Cbor => [...head]

function contentCbor(t: Omit<Transcript, 'sig'>): { readonly [key: string]: Cbor } {
  return {
    v: 1,
    claim: claimCbor(t.claim),
    challenger: t.challenger,
    blocks: t.blocks,
    height: t.height,
    messages: t.messages.map(([height, { body, key, sig }]) => [height, body, key, sig]),
    closed: t.closed,
    outcome: outcomeBytes(t.outcome),
    arithmetic: t.arithmetic,
    model: t.model,
    inputs: t.inputs === null ? null : t.inputs.map(({ name, dtype, shape, data }) => [name, dtype, [...shape], data]),
    referee: t.referee,
  }
}

/** What the referee signs: a digest, so that a transcript of any size is signed alike. */
export const transcriptToSign = (t: Omit<Transcript, 'sig'>): Uint8Array =>
  concatBytes(domain('dispute-transcript'), digest('dispute-transcript', encode(contentCbor(t))))

/** The file of a transcript, signed. */
export function encodeTranscript(t: Omit<Transcript, 'sig' | 'referee'>, signer: SigningKey): Uint8Array {
  const content = { ...t, referee: signer.key }
  const bytes = encode({ ...contentCbor(content), sig: signer.sign(transcriptToSign(content)) })
  if (bytes.length > LIMITS.transcriptBytes)
    throw limitError('core_too_large', 'transcriptBytes', bytes.length, LIMITS.transcriptBytes, 'transcript')
  return bytes
}

const KEYS = [
  'v',
  'claim',
  'challenger',
  'blocks',
  'height',
  'messages',
  'closed',
  'outcome',
  'arithmetic',
  'model',
  'inputs',
  'referee',
  'sig',
]

function few(value: Cbor | undefined, what: string): readonly Cbor[] {
  const list = asArray(value, what)
  if (list.length > LIMITS.tensorsPerCall) throw limitError('core_too_large', 'tensorsPerCall', list.length, LIMITS.tensorsPerCall, what)
  return list
}

function readTensor(value: Cbor): NamedTensor {
  const [name, type, sides, data] = asArray(value, 'input', 4)
  const dtype = asText(type, 'dtype of an input')
  if (!Object.hasOwn(DTYPES, dtype)) throw new UtnetError('core_not_canonical', `no dtype ${dtype.slice(0, 40)}`)
  const shape = asArray(sides, 'shape of an input').map((side) => asUint(side, 'side of an input'))
  return {
    name: asText(name, 'name of an input'),
    dtype: dtype as Dtype,
    shape,
    data: asBytes(data, 'data of an input', elementCount(shape, 'input') * DTYPES[dtype as Dtype]),
  }
}

function readHead(value: Cbor): TensorHead {
  const [name, type, sides, hash] = asArray(value, 'head', 4)
  const dtype = asText(type, 'dtype of a head')
  if (!Object.hasOwn(DTYPES, dtype)) throw new UtnetError('core_not_canonical', `no dtype ${dtype.slice(0, 40)}`)
  const shape = asArray(sides, 'shape of a head').map((side) => asUint(side, 'side of a head'))
  elementCount(shape, 'head')
  return [asText(name, 'name of a head'), dtype as Dtype, shape, asBytes(hash, 'sha256 of a head', 32)]
}

function readClaim(value: Cbor | undefined): Claim {
  const map = asMap(value, ['receipt', 'prover', 'model', 'inputs', 'root'], 'claim')
  return {
    receipt: asCid(map['receipt'], 'receipt'),
    prover: asBytes(map['prover'], 'prover', 32),
    model: asCid(map['model'], 'model'),
    inputs: few(map['inputs'], 'inputs of the claim').map(readHead),
    root: asBytes(map['root'], 'root', 32),
  }
}

const REASONS: readonly string[] = ['silence', 'malformed', 'inconsistent', 'no_difference', 'wrong_output'] satisfies Outcome['reason'][]
const PARTIES: readonly string[] = ['prover', 'challenger'] satisfies Party[]

function readOutcome(bytes: Uint8Array): Outcome {
  const [losers, reason, detail] = asArray(decode(bytes, 'outcome', LIMITS.evidenceBytes), 'outcome', 3)
  const one = (value: Cbor | undefined, names: readonly string[]): string => {
    const text = asText(value, 'outcome')
    if (!names.includes(text)) throw new UtnetError('core_not_canonical', `outcome: ${text.slice(0, 40)} is none of ${names.join(', ')}`)
    return text
  }
  return {
    losers: asArray(losers, 'losers').map((loser) => one(loser, PARTIES) as Party),
    reason: one(reason, REASONS) as Outcome['reason'],
    detail: asText(detail, 'detail'),
  }
}

/** A transcript of its file. Throws `core_not_canonical`, `core_too_large`, `tensor_shape`; signatures are not looked at. */
export function decodeTranscript(bytes: Uint8Array): Transcript {
  const map = asMap(decode(bytes, 'transcript', LIMITS.transcriptBytes), KEYS, 'transcript')
  if (map['v'] !== 1) throw new UtnetError('core_not_canonical', 'a transcript of another version')
  const messages = asArray(map['messages'], 'messages')
  if (messages.length > 4) throw new UtnetError('core_not_canonical', `${messages.length} messages in a dispute of at most four`)
  return {
    claim: readClaim(map['claim']),
    challenger: asBytes(map['challenger'], 'challenger', 32),
    blocks: asUint(map['blocks'], 'blocks'),
    height: asUint(map['height'], 'height'),
    messages: messages.map((item) => {
      const [height, body, key, sig] = asArray(item, 'message', 4)
      return [
        asUint(height, 'height'),
        { body: asBytes(body, 'body'), key: asBytes(key, 'key', 32), sig: asBytes(sig, 'signature', 64) },
      ] as const
    }),
    closed: asUint(map['closed'], 'closed'),
    outcome: readOutcome(asBytes(map['outcome'], 'outcome')),
    arithmetic: asText(map['arithmetic'], 'arithmetic'),
    model: map['model'] === null ? null : asBytes(map['model'], 'model'),
    inputs: map['inputs'] === null ? null : few(map['inputs'], 'inputs').map(readTensor),
    referee: asBytes(map['referee'], 'referee', 32),
    sig: asBytes(map['sig'], 'signature', 64),
  }
}

/** Whether tensors are those with these heads. */
export function fitHeads(tensors: readonly NamedTensor[], heads: readonly TensorHead[]): boolean {
  const own = tensorHeads(tensors)
  return equalBytes(encode(own.map(headCbor)), encode(heads.map(headCbor)))
}
