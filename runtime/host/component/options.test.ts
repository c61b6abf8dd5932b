/** What a canonical definition must name (CanonicalABI.md, "canonopt validation"): a guest without it would trap at its first call only. */
import { expect, test } from 'vitest'
import { isUtnetError } from '../../core/index.ts'
import { wat } from '../testing/wat.ts'
import { readComponent } from './reader.ts'

const MEMORY = '(memory $i "m")'
const REALLOC = '(realloc (func $i "r"))'
const SEVENTEEN = Array.from({ length: 17 }, (_, i) => `(param "p${i}" u32)`).join(' ')

const lift = (type: string, options: string): string => `(component
  (core module $m (memory (export "m") 1) (func (export "r") (param i32 i32 i32 i32) (result i32) unreachable) (func (export "f")))
  (core instance $i (instantiate $m))
  (func ${type} (canon lift (core func $i "f") ${options})))`
const lower = (type: string, options: string): string => `(component
  (import "f" (func $f ${type}))
  (core module $m (memory (export "m") 1) (func (export "r") (param i32 i32 i32 i32) (result i32) unreachable))
  (core instance $i (instantiate $m))
  (core func (canon lower (func $f) ${options})))`

async function refusal(text: string): Promise<string> {
  try {
    readComponent(await wat(text))
    return ''
  } catch (error) {
    if (isUtnetError(error, 'guest_invalid')) return error.message
    throw error
  }
}

// [type, a lift needs, a lower needs]
test.each([
  ['(param "x" u64) (result f64)', '', ''],
  ['(param "x" (tuple u8 (option u32)))', '', ''],
  ['(param "x" string)', MEMORY + REALLOC, MEMORY],
  ['(param "x" (option (tuple u8 (list u8))))', MEMORY + REALLOC, MEMORY],
  ['(result string)', MEMORY, MEMORY + REALLOC],
  ['(result (result u8 (error (list u8))))', MEMORY, MEMORY + REALLOC],
  ['(result (tuple u8 u8))', MEMORY, MEMORY],
  [SEVENTEEN, MEMORY + REALLOC, MEMORY],
])('%s', async (type, lifted, lowered) => {
  for (const [way, needs] of [
    [lift, lifted],
    [lower, lowered],
  ] as const) {
    expect(await refusal(way(type, needs))).toBe('')
    if (needs.includes(REALLOC)) expect(await refusal(way(type, MEMORY))).toMatch(/needs a realloc/)
    if (needs !== '') expect(await refusal(way(type, ''))).toMatch(/needs a memory/)
  }
})
