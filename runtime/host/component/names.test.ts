import { expect, test } from 'vitest'
import { isUtnetError } from '../../core/index.ts'
import { wat } from '../testing/wat.ts'
import { readComponent } from './reader.ts'

const named = (text: string): number[] => [text.length, ...Buffer.from(text)]
const component = (id: number, ...content: readonly number[]): Uint8Array => {
  const size = content.length < 128 ? [content.length] : [(content.length & 127) | 128, content.length >> 7]
  return new Uint8Array([0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0, id, ...size, ...content])
}
/** An import of an instance type without members, or the one label of an enum. */
const importing = (name: string): Uint8Array => {
  const types = component(7, 1, 0x42, 0)
  const imports = component(10, 1, 0, (name.length & 127) | 128, name.length >> 7, ...Buffer.from(name), 5, 0).subarray(8)
  return new Uint8Array([...types, ...imports])
}
const labelling = (name: string): Uint8Array =>
  component(7, 1, 0x6d, 1, ...(name.length < 128 ? named(name) : [(name.length & 127) | 128, name.length >> 7, ...Buffer.from(name)]))

function refusal(bytes: Uint8Array): string {
  try {
    readComponent(bytes)
    return ''
  } catch (error) {
    if (isUtnetError(error, 'guest_invalid')) return error.message
    throw error
  }
}

const LABELS = ['a', 'a1', 'A1', 'a-b', 'a-1', 'a-1b-C2-DE', 'DNS-timeout', 'x-2']
const NO_LABELS = ['', '1', '-', 'a-', '-a', 'a--b', 'aB', 'Ab', 'a-1bC', 'a_b', 'a.b', 'a b', 'é', 'a\n', 'a/b']

test('a label is words in small letters or in capitals', () => {
  for (const name of LABELS) expect([name, refusal(labelling(name))]).toEqual([name, ''])
  for (const name of NO_LABELS.filter((n) => n !== 'é'))
    expect([name, refusal(labelling(name))]).toEqual([name, expect.stringMatching(/bad label/)])
})

test('an import or export is named by a label, as a function of a resource, or as an interface', () => {
  const good = [
    ...LABELS,
    '[constructor]a',
    '[method]a-b.C',
    '[static]a.b',
    'a:b/c',
    'a-b:c/D-e',
    'a:b/c@0.2.0',
    'a:b/c@1.20.3-rc-2023-11-10.x.0a+build.01',
  ]
  for (const name of good) expect([name, refusal(importing(name))]).toEqual([name, ''])
  const bad = [
    '',
    '1',
    'a.b',
    'a/b',
    'a:b',
    'a:b/c/d',
    'A:b/c',
    'a:B/c',
    'a:b/c@',
    'a:b/c@1',
    'a:b/c@1.0',
    'a:b/c@01.0.0',
    'a:b/c@1.0.0-',
    'a:b/c@1.0.0-01',
    'a:b/c@1.0.0 ',
  ]
  bad.push(
    '[method]a',
    '[constructor]a.b',
    '[static]a.b.c',
    '[async]a',
    'url=<a>',
    'unlocked-dep=<a:b>',
    'integrity=<sha256-AAAA>',
    '__proto__',
  )
  for (const name of bad) expect([name, refusal(importing(name))]).toEqual([name, expect.stringMatching(/names no import or export/)])
})

// A pattern with two ways through a word of digits takes 2^30 steps to refuse the first of these
test('names that are nearly right cost no more than their letters', () => {
  const long = (word: string, n: number): string => `a${word.repeat(n)}!`
  for (const word of ['-1', '1', '-a', '-A1', 'a-1']) {
    expect(refusal(labelling(long(word, 30)))).toMatch(/bad label/)
    for (const before of ['', '[method]a.', 'a:', 'a:b/', 'a:b/c@1.0.0-', 'a:b/c@1.0.0+'])
      expect(refusal(importing(before + long(word, 180)))).toMatch(/names no import or export/)
  }
})

test('a result holds no borrows, however deep they lie', async () => {
  const of = (result: string): Promise<Uint8Array> =>
    wat(`(component (import "r" (type $r (sub resource))) (type $b (borrow $r)) (type $l (list $b)) (type $o (option $l)) (type $p (own $r))
      (type (func (param "x" ${result}))) (type (func (result ${result}))))`)
  expect(refusal(await of('$p'))).toBe('')
  for (const type of ['$b', '$l', '$o']) expect(refusal(await of(type))).toMatch(/no borrows/)
})
