import { expect, test } from 'vitest'
import { randomModule } from '../prove/random-module.ts'
import { judge } from './judge.ts'
import { mutated, numbers } from './mutate.ts'

test('hostile bytes: refused with rule and place or accepted as the engine accepts them, never anything else', () => {
  const rules = new Set<string>()
  const red: string[] = []
  for (let number = 0; number < 12; number++) {
    const original = randomModule(11, number)
    const below = numbers(number)
    expect(judge(original)).toEqual({ rule: 'accepted', red: '' })
    for (let i = 0; i < 100; i++) {
      const verdict = judge(mutated(original, below))
      rules.add(verdict.rule)
      if (verdict.red !== '') red.push(`module ${number} mutation ${i}: ${verdict.red}`)
    }
  }
  expect(red).toEqual([])
  for (const rule of ['accepted', 'format', 'validation']) expect(rules).toContain(rule)
})
