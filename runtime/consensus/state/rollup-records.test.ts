import { expect, test } from 'vitest'
import { cidOf, encode, RAW, sha256, utf8 } from '../../core/index.ts'
import { appendDue, decodeDues, type Due } from './index.ts'

const due = (i: number): Due =>
  i % 2 === 0 ? { kind: 'anchor', id: cidOf(RAW, utf8(`${i}`)) } : { kind: 'demand', id: sha256(utf8(`${i}`)) }
const listOf = (dues: readonly Due[]): Uint8Array => encode(dues.map(({ kind, id }) => [kind, id]))

test('what ends with a block is the canonical list, whichever is added to it', () => {
  const dues: Due[] = []
  let bytes: Uint8Array | undefined
  for (let i = 0; i < 300; i++) {
    dues.push(due(i))
    bytes = appendDue(bytes, due(i))
    if (i < 30 || i > 250) expect(bytes).toEqual(listOf(dues))
  }
  expect(decodeDues(bytes as Uint8Array)).toEqual(dues)
  const many = Array.from({ length: 65_535 }, () => due(0))
  expect(appendDue(listOf(many.slice(1)), due(0))).toEqual(listOf(many))
  expect(appendDue(listOf(many), due(0))).toEqual(listOf([...many, due(0)]))
})
