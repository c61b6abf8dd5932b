import { expect, test } from 'vitest'
import {
  cidOf,
  decode,
  decodeVerdictRequest,
  encode,
  encodeVerdictRequest,
  isUtnetError,
  RAW,
  utf8,
  type Cbor,
  type LeafEvidenceKind,
  type VerdictRequest,
} from '../index.ts'

const hash = (n: number): Uint8Array => new Uint8Array(32).fill(n)
/** As deep as a tree of 2^52 leaves. */
const longest = Array.from({ length: 52 }, (_, i) => hash(i))
const requestOf = (kind: LeafEvidenceKind, bytes: Uint8Array, path: readonly Uint8Array[] = [hash(4)]): VerdictRequest => ({
  target: {
    anchor: cidOf(RAW, utf8('anchor')),
    at: 0,
    batch: { node: hash(1), thread: 0, first: 7, size: 2, prev: hash(2), root: hash(3) },
    sig: new Uint8Array(64),
    path: [],
  },
  shown: { index: 1, leaf: utf8('leaf'), path },
  evidence: { kind, bytes },
})

test('a request reads back as it was written, of each kind and with the longest path', () => {
  for (const request of [
    requestOf('context', new Uint8Array()),
    requestOf('bundle', utf8('car')),
    requestOf('transcript', utf8('t'), longest),
  ])
    expect(decodeVerdictRequest(encodeVerdictRequest(request))).toEqual(request)
})

test('another version, another kind, a context that brings bytes, and a path longer than any tree is deep are refused', () => {
  const good = decode(encodeVerdictRequest(requestOf('bundle', utf8('car')))) as Cbor[]
  const changed = (at: number, value: Cbor): Cbor[] => good.map((field, i) => (i === at ? value : field))
  for (const [what, list] of [
    ['version', changed(0, 2)],
    ['kind', changed(3, 'rumour')],
    ['context', changed(3, 'context')],
    ['path', changed(2, [1, utf8('leaf'), [...longest, hash(0)]])],
    ['a hash', changed(2, [1, utf8('leaf'), [new Uint8Array(31)]])],
    ['a field more', [...good, 0]],
  ] as const) {
    let code: string | undefined
    try {
      decodeVerdictRequest(encode([...list]))
    } catch (error) {
      code = isUtnetError(error) ? error.code : String(error)
    }
    expect({ what, code }).toEqual({ what, code: 'core_not_canonical' })
  }
})
