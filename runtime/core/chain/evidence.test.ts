import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  cborBlock,
  decode,
  decodeEvidence,
  decodeVerdict,
  digest,
  encode,
  encodeEvidence,
  encodeVerdict,
  LIMITS,
  type Cbor,
  type Evidence,
  type Verdict,
} from '../index.ts'

const model = cborBlock('model').cid
const root = digest('test', Uint8Array.of(1))
const EVIDENCE: readonly Evidence[] = [
  {
    kind: 'reexec',
    model,
    entry: 3,
    operator: 'Conv',
    inputs: [root, null],
    outputs: [root],
    arithmetic: 'exact:x',
    computed: [root],
    at: [0, 12],
  },
  { kind: 'reexec', model, entry: 3, operator: 'Conv', inputs: [], outputs: [root], arithmetic: 'exact:x', computed: [], at: null },
  {
    kind: 'freivalds',
    model,
    entry: 9,
    operator: 'MatMulInteger',
    inputs: [root, root],
    outputs: [root],
    seed: root,
    repetitions: 4,
    bits: 16,
  },
  { kind: 'tee', platform: 'nitro', quote: Uint8Array.of(1, 2) },
  { kind: 'zk', system: 'groth16-bn254', key: root, publicInputs: Uint8Array.of(1), proof: Uint8Array.of(2) },
]
const verdict: Verdict = { receipt: model, entry: 4, beacon: root, class: 'exact', result: 'same', evidence: root, verifier: root }

describe('C19 one envelope for evidence', () => {
  test.each(EVIDENCE.map((e, i) => [e.kind, i, e] as const))('%s (%i) survives its bytes, which are canonical', (_kind, _i, evidence) => {
    const bytes = encodeEvidence(evidence)
    expect(decodeEvidence(bytes)).toEqual(evidence)
    expect(encodeEvidence(decodeEvidence(bytes))).toEqual(bytes)
  })

  test('kinds and versions that do not exist', () => {
    for (const value of [{ v: 1, kind: 'oracle' }, { v: 1, kind: 'toString' }, null, [], { v: 1 }])
      expect(() => decodeEvidence(encode(value as Cbor))).toThrow(expect.objectContaining({ code: 'evidence_unsupported' }))
    const tee = decode(encodeEvidence(EVIDENCE[3] as Evidence)) as { readonly [key: string]: Cbor }
    expect(() => decodeEvidence(encode({ ...tee, v: 2 }))).toThrow(expect.objectContaining({ code: 'evidence_unsupported' }))
  })

  test('any field missing, added or of another type', () => {
    for (const evidence of EVIDENCE) {
      const map = decode(encodeEvidence(evidence)) as { readonly [key: string]: Cbor }
      const refused = (value: Cbor): void =>
        expect(() => decodeEvidence(encode(value))).toThrow(expect.objectContaining({ code: 'core_not_canonical' }))
      refused({ ...map, more: 1 })
      for (const key of Object.keys(map).filter((k) => k !== 'kind' && k !== 'v')) {
        refused(Object.fromEntries(Object.entries(map).filter(([k]) => k !== key)))
        refused({ ...map, [key]: true })
      }
    }
  })

  test('as long as the limit, and one over', () => {
    const of = (n: number): Uint8Array => encodeEvidence({ kind: 'tee', platform: 'x', quote: new Uint8Array(n) })
    const room = LIMITS.evidenceBytes - (of(60_000).length - 60_000)
    expect(decodeEvidence(of(room)).kind).toBe('tee')
    expect(() => decodeEvidence(of(room + 1))).toThrow(expect.objectContaining({ code: 'core_too_large', limit: 'cborBytes' }))
  })

  test('any bytes: a coded refusal or the evidence that they are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        try {
          expect(encodeEvidence(decodeEvidence(bytes))).toEqual(bytes)
        } catch (error) {
          expect(['core_not_canonical', 'evidence_unsupported', 'core_too_large']).toContain((error as { code?: string }).code)
        }
      }),
    )
  })
})

describe('verdicts', () => {
  test('survive their bytes; a class that is not compared has no result', () => {
    expect(decodeVerdict(encodeVerdict(verdict))).toEqual(verdict)
    const map = decode(encodeVerdict(verdict)) as { readonly [key: string]: Cbor }
    for (const change of [
      { class: 'unchecked' },
      { result: 'unchecked' },
      { class: 'fine' },
      { result: 'maybe' },
      { v: 2 },
      { beacon: new Uint8Array(31) },
      { verifier: root.slice(1) },
    ])
      expect(() => decodeVerdict(encode({ ...map, ...change }))).toThrow(expect.objectContaining({ code: 'core_not_canonical' }))
    for (const key of Object.keys(map)) {
      const less = Object.fromEntries(Object.entries(map).filter(([k]) => k !== key))
      expect(() => decodeVerdict(encode(less))).toThrow(expect.objectContaining({ code: 'core_not_canonical' }))
    }
  })
})
