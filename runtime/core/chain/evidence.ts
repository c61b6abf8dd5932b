/** Why a result is believed: the one envelope, and the signed verdict of who checked. Shapes only; `runtime/piee` fills and checks them. */
import type { CID } from 'multiformats/cid'
import { asArray, asBytes, asCid, asMap, asText, asUint, decode, digest, encode, type Cbor } from '../codec/index.ts'
import { limitError, shown, UtnetError } from '../errors.ts'
import { LIMITS } from '../limits.ts'

/** How results compare: byte for byte, within a derived bound, or not at all. */
export type ComparisonClass = 'exact' | 'bounded' | 'unchecked'

const CLASSES: readonly string[] = ['exact', 'bounded', 'unchecked'] satisfies ComparisonClass[]

/** What a check gave. `unchecked` is no agreement: nothing was compared. */
export type CheckResult = 'same' | 'different' | 'unchecked'

const RESULTS: readonly string[] = ['same', 'different', 'unchecked'] satisfies CheckResult[]

interface OfOperator {
  readonly model: CID
  /** Entry of the trace, and its operator, e.g. `Conv`. */
  readonly entry: number
  readonly operator: string
  /** Tensor roots of its operands that are no constants, and of its outputs, as the prover committed to them; null for one left out. */
  readonly inputs: readonly (Uint8Array | null)[]
  readonly outputs: readonly (Uint8Array | null)[]
}

/** The operator was run again from the prover's inputs. */
export interface ReexecEvidence extends OfOperator {
  readonly kind: 'reexec'
  /** Arithmetic id of who ran it again. */
  readonly arithmetic: string
  /** Tensor roots of what that gave. */
  readonly computed: readonly (Uint8Array | null)[]
  /** Where they first differ by more than the class allows, [output, element]; null where nowhere. */
  readonly at: readonly [number, number] | null
}

/** An integer product was checked by Freivalds' method: `repetitions` challenges of `bits` bits a number, drawn from the roots. */
export interface FreivaldsEvidence extends OfOperator {
  readonly kind: 'freivalds'
  /** What the challenge was drawn from. */
  readonly seed: Uint8Array
  readonly repetitions: number
  readonly bits: number
}

/** A remote attestation (a slot: no verifier here yet). */
export interface TeeEvidence {
  readonly kind: 'tee'
  /** E.g. `sgx-v3`, `nitro`. */
  readonly platform: string
  readonly quote: Uint8Array
}

/** A zero-knowledge proof (a slot: no verifier here yet). */
export interface ZkEvidence {
  readonly kind: 'zk'
  /** E.g. `groth16-bn254`. */
  readonly system: string
  /** Digest of the verification key. */
  readonly key: Uint8Array
  readonly publicInputs: Uint8Array
  readonly proof: Uint8Array
}

export type Evidence = ReexecEvidence | FreivaldsEvidence | TeeEvidence | ZkEvidence

/** Canonical bytes of evidence. */
export function encodeEvidence(evidence: Evidence): Uint8Array {
  return encode({ v: 1, ...evidence } as { readonly [key: string]: Cbor })
}

/** sha256 (32 bytes) of evidence, domain-separated: what a verdict signs. */
export const evidenceDigest = (bytes: Uint8Array): Uint8Array => digest('evidence', bytes)

function roots(value: Cbor | undefined, what: string): (Uint8Array | null)[] {
  const list = asArray(value, what)
  if (list.length > LIMITS.tensorsPerCall) throw limitError('core_too_large', 'tensorsPerCall', list.length, LIMITS.tensorsPerCall, what)
  return list.map((root) => (root === null ? null : asBytes(root, what, 32)))
}

const OF_OPERATOR = ['model', 'entry', 'operator', 'inputs', 'outputs']
const KEYS: Readonly<Record<Evidence['kind'], readonly string[]>> = {
  reexec: [...OF_OPERATOR, 'arithmetic', 'computed', 'at'],
  freivalds: [...OF_OPERATOR, 'seed', 'repetitions', 'bits'],
  tee: ['platform', 'quote'],
  zk: ['system', 'key', 'publicInputs', 'proof'],
}

function readPlace(value: Cbor | undefined): readonly [number, number] | null {
  if (value === null) return null
  const [output, element] = asArray(value, 'place', 2)
  return [asUint(output, 'output'), asUint(element, 'element')]
}

/** Evidence of canonical bytes. Throws `core_not_canonical`, `core_too_large`; `evidence_unsupported` for a kind that does not exist. */
export function decodeEvidence(bytes: Uint8Array): Evidence {
  const value = decode(bytes, 'evidence', LIMITS.evidenceBytes)
  const kind = (value as { readonly kind?: Cbor } | null)?.kind
  if (typeof kind !== 'string' || !Object.hasOwn(KEYS, kind))
    throw new UtnetError('evidence_unsupported', `no evidence is of the kind ${shown(kind)}`)
  const map = asMap(value, ['v', 'kind', ...KEYS[kind as Evidence['kind']]], 'evidence')
  if (map['v'] !== 1) throw new UtnetError('evidence_unsupported', 'evidence of another version')
  const operator = () => ({
    model: asCid(map['model'], 'model'),
    entry: asUint(map['entry'], 'entry'),
    operator: asText(map['operator'], 'operator'),
    inputs: roots(map['inputs'], 'inputs'),
    outputs: roots(map['outputs'], 'outputs'),
  })
  switch (kind as Evidence['kind']) {
    case 'reexec':
      return {
        kind: 'reexec',
        ...operator(),
        arithmetic: asText(map['arithmetic'], 'arithmetic'),
        computed: roots(map['computed'], 'computed'),
        at: readPlace(map['at']),
      }
    case 'freivalds':
      return {
        kind: 'freivalds',
        ...operator(),
        seed: asBytes(map['seed'], 'seed', 32),
        repetitions: asUint(map['repetitions'], 'repetitions'),
        bits: asUint(map['bits'], 'bits'),
      }
    case 'tee':
      return { kind: 'tee', platform: asText(map['platform'], 'platform'), quote: asBytes(map['quote'], 'quote') }
    case 'zk':
      return {
        kind: 'zk',
        system: asText(map['system'], 'system'),
        key: asBytes(map['key'], 'key', 32),
        publicInputs: asBytes(map['publicInputs'], 'publicInputs'),
        proof: asBytes(map['proof'], 'proof'),
      }
  }
}

/** What a verifier says of one entry of one receipt. */
export interface Verdict {
  /** CID of the receipt's body. */
  readonly receipt: CID
  readonly entry: number
  /** What drew receipt and entry, 32 bytes. */
  readonly beacon: Uint8Array
  readonly class: ComparisonClass
  readonly result: CheckResult
  /** Digest of the evidence. */
  readonly evidence: Uint8Array
  /** ed25519 key of the verifier. */
  readonly verifier: Uint8Array
}

/** Bytes that a verifier signs, behind the domain `verdict`. */
export function encodeVerdict(v: Verdict): Uint8Array {
  const { receipt, entry, beacon, result, evidence, verifier } = v
  return encode({ v: 1, receipt, entry, beacon, class: v.class, result, evidence, verifier })
}

/** A verdict of canonical bytes. Throws `core_not_canonical`, `core_too_large`. */
export function decodeVerdict(bytes: Uint8Array): Verdict {
  const what = 'verdict'
  const map = asMap(
    decode(bytes, what, LIMITS.evidenceBytes),
    ['v', 'receipt', 'entry', 'beacon', 'class', 'result', 'evidence', 'verifier'],
    what,
  )
  const one = (of: Cbor | undefined, names: readonly string[]): string => {
    const text = asText(of, what)
    if (!names.includes(text)) throw new UtnetError('core_not_canonical', `${what}: ${text.slice(0, 40)} is none of ${names.join(', ')}`)
    return text
  }
  if (map['v'] !== 1) throw new UtnetError('core_not_canonical', `${what} of another version`)
  const verdict: Verdict = {
    receipt: asCid(map['receipt'], 'receipt'),
    entry: asUint(map['entry'], 'entry'),
    beacon: asBytes(map['beacon'], 'beacon', 32),
    class: one(map['class'], CLASSES) as ComparisonClass,
    result: one(map['result'], RESULTS) as CheckResult,
    evidence: asBytes(map['evidence'], 'evidence', 32),
    verifier: asBytes(map['verifier'], 'verifier', 32),
  }
  if ((verdict.class === 'unchecked') !== (verdict.result === 'unchecked'))
    throw new UtnetError('core_not_canonical', `${what}: class ${verdict.class} gives no result ${verdict.result}`)
  return verdict
}
