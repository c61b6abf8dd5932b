import { createHash } from 'node:crypto'
import { execFileSync } from 'node:child_process'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { concatBytes, sha256Each, sha256Pairs, toHex } from '../core/index.ts'
import { sha256PairsPortable } from './hashes-native.ts'
import { useNativeHashes } from './native.ts'

const digests = (messages: readonly Uint8Array[]): string => {
  let end = 0
  return toHex(
    sha256Each(
      concatBytes(...messages),
      messages.map((m) => (end += m.length)),
    ),
  )
}

type Pairs = (pairs: Uint8Array, count: number, out: Uint8Array) => void

/** Digests of pairs, of which one more lies behind them that is not to be read. */
const pairDigests = (hash: Pairs, pairs: readonly Uint8Array[]): string => {
  const out = new Uint8Array((pairs.length + 1) * 32).fill(0xee)
  hash(concatBytes(...pairs, new Uint8Array(64).fill(0xaa)), pairs.length, out)
  expect(toHex(out.subarray(pairs.length * 32))).toBe('ee'.repeat(32))
  return toHex(out.subarray(0, pairs.length * 32))
}

test('many messages, or nodes of Merkle trees, hashed together give what each gives alone: by the portable form, and by the native one', () => {
  const one = fc.oneof(
    { weight: 8, arbitrary: fc.uint8Array({ maxLength: 200 }) },
    { weight: 1, arbitrary: fc.integer({ min: 4_000, max: 4_200 }).map((n) => new Uint8Array(n).fill(n & 255)) },
  )
  const agree = (messages: readonly Uint8Array[]): void => {
    expect(digests(messages)).toBe(messages.map((m) => createHash('sha256').update(m).digest('hex')).join(''))
  }
  const pair = fc.uint8Array({ minLength: 64, maxLength: 64 })
  const pairsAgree = (hash: Pairs) => (pairs: readonly Uint8Array[]) => {
    expect(pairDigests(hash, pairs)).toBe(pairs.map((bytes) => createHash('sha256').update(bytes).digest('hex')).join(''))
  }
  for (const native of [false, true]) {
    if (native) useNativeHashes()
    for (const hash of [sha256Pairs, sha256PairsPortable]) {
      fc.assert(fc.property(fc.array(pair, { maxLength: 9 }), pairsAgree(hash)), { numRuns: 60 })
      // more than are hashed at once
      pairsAgree(hash)(Array.from({ length: 515 }, (_, i) => new Uint8Array(64).fill(i * 7).fill(i, 63)))
    }
    fc.assert(fc.property(fc.array(one, { maxLength: 40 }), agree), { numRuns: 60 })
    // more than lie in the arena at once
    agree(Array.from({ length: 600 }, (_, i) => new Uint8Array(i % 130).fill(i & 255)))
    agree([])
  }
})

/** A process in which hashtree cannot be loaded: its digests of pairs, as hex. */
const WITHOUT_HASHTREE = `
import { registerHooks } from 'node:module'
registerHooks({
  resolve(specifier, context, next) {
    if (specifier !== '@chainsafe/hashtree') return next(specifier, context)
    process.stdout.write('refused ')
    throw new Error('no native binding')
  },
})
const [core, native] = await Promise.all(process.argv.slice(1, 3).map((file) => import(file)))
native.useNativeHashes()
const pairs = Buffer.from(process.argv[3], 'hex')
const out = new Uint8Array(pairs.length / 2)
core.sha256Pairs(pairs, pairs.length / 64, out)
process.stdout.write(core.toHex(out))
`

test('where hashtree is not built for the machine, a process starts all the same, and pairs have the same digests', () => {
  const pairs = fc.sample(fc.uint8Array({ minLength: 64 * 9, maxLength: 64 * 9 }), { numRuns: 1 })[0] as Uint8Array
  const files = ['../core/index.ts', './native.ts'].map((file) => new URL(file, import.meta.url).href)
  const text = execFileSync(process.execPath, ['--input-type=module', '-e', WITHOUT_HASHTREE, ...files, toHex(pairs)], { encoding: 'utf8' })
  const each = Array.from({ length: 9 }, (_, i) => pairs.subarray(i * 64, i * 64 + 64))
  expect(text).toBe(`refused ${pairDigests(sha256Pairs, each)}`)
})
