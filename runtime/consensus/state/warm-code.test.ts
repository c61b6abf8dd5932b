import fc from 'fast-check'
import { expect, test } from 'vitest'
import { cidOf, encode, PARAMS, RAW, readyGas, utf8, type CID } from '../../core/index.ts'
import { moduleKey, WARM_KEY } from './keys.ts'
import { WarmCode, warmModules } from './warm-code.ts'
import { WorkingState } from './working-state.ts'

const module = (n: number): CID => cidOf(RAW, utf8(`module ${n}`))

/** A chain of nothing but blocks that use code: modules by number, each with its size. */
class Blocks {
  readonly rows = new Map<string, Uint8Array>()
  readonly #params: typeof PARAMS

  constructor(warmBytes: number, warmLeast: number) {
    this.#params = { ...PARAMS, contracts: { ...PARAMS.contracts, warmBytes, warmLeast } }
  }

  #state(): WorkingState {
    return new WorkingState({ get: (trie, key) => this.rows.get(`${trie}/${String(key)}`) }, undefined, this.#params)
  }

  measured(n: number, bytes: number): void {
    this.rows.set(`offchain/${String(moduleKey(module(n)))}`, encode([bytes, 1]))
  }

  block(uses: (warm: WarmCode) => void): void {
    const state = this.#state()
    uses(state.warm)
    state.keepWarm()
    for (const [key, value] of state.changes().offchain) this.rows.set(`offchain/${String(key)}`, value as Uint8Array)
  }

  warm(): string[] {
    return warmModules(this.#state()).map(String)
  }
}

const texts = (...of: number[]): string[] => of.map((n) => module(n).toString())

test('at the limit all stay, one byte over and the one used least recently leaves', () => {
  for (const [more, kept] of [
    [0, [3, 2, 1]],
    [1, [3, 2]],
  ] as const) {
    const blocks = new Blocks(300, 1)
    for (const [n, bytes] of [
      [1, 100],
      [2, 100],
      [3, 100 + more],
    ] as const)
      blocks.block((warm) => warm.published(module(n), bytes))
    expect(blocks.warm()).toEqual(texts(...kept))
  }
})

test('the smallest counts for what the table says, at it and one under', () => {
  const blocks = new Blocks(300, 100)
  for (const [n, bytes] of [
    [1, 1],
    [2, 99],
    [3, 100],
  ] as const)
    blocks.block((warm) => warm.published(module(n), bytes))
  expect(blocks.warm()).toEqual(texts(3, 2, 1))
  blocks.block((warm) => warm.published(module(4), 1))
  expect(blocks.warm()).toEqual(texts(4, 3, 2))
})

test('what is ready costs nothing, and what is not its base and bytes, once in a block', () => {
  const blocks = new Blocks(100, 1)
  blocks.measured(1, 70)
  blocks.measured(2, 60)
  const price = (bytes: number): bigint => readyGas(PARAMS.contracts, bytes)
  blocks.block((warm) => {
    expect(warm.price(module(1))).toBe(price(70))
    expect(warm.price(module(1))).toBe(price(70))
    warm.enter(module(1))
    expect([warm.price(module(1)), warm.price(module(2))]).toEqual([0n, price(60)])
    // a transaction that does not stand in the block has used nothing
    const mark = warm.checkpoint()
    warm.enter(module(2))
    expect(warm.price(module(2))).toBe(0n)
    warm.revert(mark)
    expect([warm.price(module(1)), warm.price(module(2))]).toEqual([0n, price(60)])
  })
  blocks.block((warm) => {
    expect([warm.price(module(1)), warm.price(module(2))]).toEqual([0n, price(60)])
    warm.enter(module(2))
    // it leaves behind the block, not within it
    expect([warm.price(module(1)), warm.price(module(2))]).toEqual([0n, 0n])
  })
  expect(blocks.warm()).toEqual(texts(2))
})

test('a block that runs nothing, or what stands first already, leaves the row as it is', () => {
  const blocks = new Blocks(300, 1)
  blocks.block((warm) => {
    warm.published(module(1), 10)
    warm.published(module(2), 10)
  })
  const key = `offchain/${String(WARM_KEY)}`
  const row = blocks.rows.get(key)
  blocks.block(() => {})
  expect(blocks.rows.get(key)).toBe(row)
  const same = warmModules({ get: () => row as Uint8Array })
  expect(warmModules({ get: () => (row as Uint8Array).slice() })).toBe(same)
  blocks.block((warm) => warm.enter(module(2)))
  expect(blocks.rows.get(key)).toBe(row)
  blocks.block((warm) => warm.enter(module(1)))
  expect(blocks.warm()).toEqual(texts(1, 2))
})

test('the list is that of a naive model, over blocks of uses, publications and transactions that are lost', () => {
  const sizes = [1, 30, 64, 65, 100, 120, 199, 200]
  const use = fc.record({ module: fc.nat(sizes.length - 1), lost: fc.boolean() })
  fc.assert(
    fc.property(
      fc.array(fc.array(use, { maxLength: 6 }), { maxLength: 30, size: 'max' }),
      fc.integer({ min: 200, max: 500 }),
      (all, most) => {
        const least = 64
        const blocks = new Blocks(most, least)
        for (const [n, bytes] of sizes.entries()) blocks.measured(n, bytes)
        let model: number[] = []
        for (const uses of all) {
          const used: number[] = []
          blocks.block((warm) => {
            for (const { module: n, lost } of uses) {
              const ready = used.includes(n) || model.includes(n)
              expect(warm.price(module(n))).toBe(ready ? 0n : readyGas(PARAMS.contracts, sizes[n] as number))
              const mark = warm.checkpoint()
              warm.enter(module(n))
              if (lost) warm.revert(mark)
              else if (!used.includes(n)) used.push(n)
            }
          })
          const order = [...used.toReversed(), ...model.filter((n) => !used.includes(n))]
          const counted = (upTo: number): number => order.slice(0, upTo).reduce((sum, n) => sum + Math.max(sizes[n] as number, least), 0)
          model = order.filter((_, i) => counted(i + 1) <= most)
          expect(blocks.warm()).toEqual(texts(...model))
        }
      },
    ),
    { numRuns: 200 },
  )
})
