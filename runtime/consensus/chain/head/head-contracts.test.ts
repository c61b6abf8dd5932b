import fc from 'fast-check'
import { expect, test } from 'vitest'
import { byteString, utf8 } from '../../../core/index.ts'
import type { StateReader } from '../../state/index.ts'
import { HeadContracts } from './head-contracts.ts'

const key = fc.integer({ min: 0, max: 6 })
const value = fc.option(fc.integer({ min: 0, max: 255 }), { nil: undefined })

/** A state of a few keys, and how often it was read. */
function model() {
  const rows = new Map<string, Uint8Array>()
  let reads = 0
  const state: StateReader = {
    get: (trie, k) => {
      reads++
      return trie === 'contracts' ? rows.get(byteString(k)) : utf8(trie)
    },
  }
  const cache = new HeadContracts((k) => state.get('contracts', k))
  return { rows, state, cache, over: cache.over(state), reads: () => reads }
}

test('whatever is read between blocks is what the head has, present or not, and is read from the state once', () => {
  const block = fc.record({ changed: fc.array(fc.tuple(key, value)), read: fc.array(key) })
  fc.assert(
    fc.property(fc.array(block), (blocks) => {
      const { rows, cache, over, reads } = model()
      const known = new Set<number>()
      for (const { changed, read } of blocks) {
        for (const k of read) {
          expect(over.get('contracts', utf8(`k${k}`))).toEqual(rows.get(`k${k}`))
          known.add(k)
        }
        const changes = [...new Map(changed)].map(([k, v]) => [k, v === undefined ? undefined : Uint8Array.of(v)] as const)
        for (const [k, v] of changes) {
          if (v === undefined) rows.delete(`k${k}`)
          else rows.set(`k${k}`, v)
        }
        cache.moved(new Map(changes.map(([k, v]) => [`k${k}`, { key: utf8(`k${k}`), value: v }])))
        for (const [k] of changes) known.add(k)
      }
      expect(reads()).toBeLessThanOrEqual(known.size)
      expect(over.get('offchain', utf8('k1'))).toEqual(utf8('offchain'))
    }),
  )
})

test('large values push old ones out: they are read again, and are right', () => {
  const { rows, over, reads } = model()
  const large = new Uint8Array(4 * 1024 * 1024)
  for (let i = 0; i < 16; i++) rows.set(`k${i}`, large)
  rows.set('first', Uint8Array.of(1))
  expect(over.get('contracts', utf8('first'))).toEqual(Uint8Array.of(1))
  for (let i = 0; i < 16; i++) expect(over.get('contracts', utf8(`k${i}`))?.length).toBe(large.length)
  rows.set('first', Uint8Array.of(2))
  expect(over.get('contracts', utf8('first'))).toEqual(Uint8Array.of(2))
  expect(reads()).toBe(18)
})
