import { describe, expect, test } from 'vitest'
import { commitRun, type GraphRun, type Tensor } from '../core/index.ts'
import { runLoops } from './testing/loops.ts'
import { caseOf, nudge, openedDispute, play, tamperAt, testInput, testModel, BLOCKS } from './testing/kit.ts'
import {
  accept,
  challenge,
  checkReveal,
  nameOutOfBound,
  open,
  outlineOf,
  reexecute,
  reexecuteSegment,
  reveal,
  revealOf,
  segmentOf,
  segmentWith,
  settle,
  withValues,
  type Checked,
} from './index.ts'
import type { SignedMessage } from './dispute/messages.ts'

const model = testModel('reexecute')
const inputs = testInput('reexecute')

async function checkAll(run: GraphRun): Promise<Checked[]> {
  const { runner } = await caseOf(model, inputs, (_entry, output) => output)
  const outline = outlineOf(runLoops(model, inputs))
  const commitment = await commitRun(run)
  const checked: Checked[] = []
  for (let entry = 0; entry < outline.trace.length; entry++) {
    const number = segmentWith(commitment, entry)
    const values = checkReveal(outline, commitment, number, await revealOf(run, outline, segmentOf(commitment, number)))
    const fetch = async (name: string) => (await run.values([name]))[0] as NonNullable<Awaited<ReturnType<typeof run.values>>[number]>
    checked.push(await reexecute({ outline, commitment, values, entry, fetch, runner }))
  }
  return checked
}

describe('U2.3-PIEE-4 C5 one operator is run again from the inputs of who ran it first', () => {
  test('an honest run: every entry is the same, to the byte', async () => {
    for (const { class: compared, result, evidence } of await checkAll(runLoops(model, inputs))) {
      expect([compared, result, evidence.at]).toEqual(['exact', 'same', null])
      expect(evidence.computed).toEqual(evidence.outputs)
    }
  })

  test('a run with one wrong element: that entry differs there, and no other', async () => {
    for (const wrong of [0, 5, 12]) {
      const checked = await checkAll(runLoops(model, inputs, { tamper: tamperAt(wrong, 9) }))
      expect(checked.flatMap(({ result }, i) => (result === 'different' ? [i] : []))).toEqual([wrong])
      expect(checked[wrong]?.evidence.at).toEqual([0, 9])
    }
  })

  test('another order of summation is within the bound where the class is bounded, and a wrong element is not', async () => {
    const honest = await checkAll(runLoops(model, inputs, { order: 'down' }))
    expect(honest.every(({ class: compared, result }) => compared === 'bounded' && result === 'same')).toBe(true)
    // the orders do differ in bits, so the bound is what lets it pass
    expect(
      honest.some(({ evidence }) =>
        evidence.computed.some((root, i) => Buffer.compare(root as Uint8Array, evidence.outputs[i] as Uint8Array) !== 0),
      ),
    ).toBe(true)
    const lying = await checkAll(runLoops(model, inputs, { order: 'down', tamper: tamperAt(3, 2) }))
    expect(lying.flatMap(({ result }, i) => (result === 'different' ? [i] : []))).toEqual([3])
  })

  test('what is fetched must be what was committed to', async () => {
    const run = runLoops(model, inputs)
    const { runner } = await caseOf(model, inputs, (_entry, output) => output)
    const outline = outlineOf(run)
    const commitment = await commitRun(run)
    const number = segmentWith(commitment, 3)
    const values = checkReveal(outline, commitment, number, await revealOf(run, outline, segmentOf(commitment, number)))
    const fetch = async (name: string) => nudge((await run.values([name]))[0] as never, 1)
    await expect(reexecute({ outline, commitment, values, entry: 3, fetch, runner })).rejects.toMatchObject({ code: 'evidence_invalid' })
  })
})

test('a prover that moves the contradiction away from the operator that was drawn is caught by the segment', async () => {
  const honest = runLoops(model, inputs)
  const outline = outlineOf(honest)
  const { runner } = await caseOf(model, inputs, (_entry, output) => output)
  const number = outline.boundaries.findIndex((boundary, i) => boundary - (outline.boundaries[i - 1] ?? 0) > 1)
  expect(number).toBeGreaterThanOrEqual(0)
  const from = outline.boundaries[number - 1] ?? 0
  const to = outline.boundaries[number] as number
  // it lied in the first operator of the segment, and all that follows is of that
  const lying = runLoops(model, inputs, { tamper: tamperAt(from, 1) })
  const commitment = await commitRun(lying)
  // asked about that operator, it shows honest values, and lets the last one of the segment be what does not follow
  const behind = outline.live(to)
  const shown = new Map<string, Tensor>()
  for (const { outputs } of outline.trace.slice(from, to))
    for (const name of outputs) if (!behind.includes(name)) shown.set(name, (await honest.values([name]))[0] as Tensor)
  const adapted = withValues(lying, shown)
  const segment = segmentOf(commitment, number)
  const values = checkReveal(outline, commitment, number, await revealOf(adapted, outline, segment))
  const fetch = async (name: string) => (await adapted.values([name]))[0] as Tensor
  const asked = { outline, commitment, values, fetch, runner }
  expect((await reexecute({ ...asked, entry: from })).result).toBe('same')
  const all = await reexecuteSegment(asked, segment)
  expect(all.some(({ result }) => result === 'different')).toBe(true)
  // an honest run passes whole
  const fair = await commitRun(honest)
  const own = checkReveal(outline, fair, number, await revealOf(honest, outline, segment))
  const passed = await reexecuteSegment(
    { outline, commitment: fair, values: own, fetch: async (name) => (await honest.values([name]))[0] as Tensor, runner },
    segment,
  )
  expect(passed.every(({ result }) => result === 'same')).toBe(true)
})

describe('a dispute about a bounded run', () => {
  async function bounded(tamper: ReturnType<typeof tamperAt>) {
    const lying = runLoops(model, inputs, { order: 'down', tamper })
    const c = await caseOf(model, inputs, lying)
    const fetch = async (name: string) => (await lying.values([name]))[0] as NonNullable<Awaited<ReturnType<typeof lying.values>>[number]>
    let dispute = openedDispute(c)
    dispute = accept(dispute, challenge(dispute, c.challenger, c.lied, segmentWith(c.lied, 3)), 101)
    dispute = accept(dispute, await reveal(dispute, c.prover, lying), 102)
    return { c, lying, fetch, dispute }
  }

  test('an element out of its bound: the prover loses', async () => {
    const { c, lying, fetch, dispute } = await bounded(tamperAt(3, 2))
    const named = accept(dispute, (await nameOutOfBound(dispute, c.challenger, fetch, c.runner)) as SignedMessage, 103)
    const opened = accept(named, await open(named, c.prover, lying, c.runner), 103 + BLOCKS)
    const { outcome, ran } = await settle(opened, c.runner)
    expect(outcome).toMatchObject({ losers: ['prover'], reason: 'wrong_output' })
    expect(ran).toMatchObject({ entry: 3, element: 2 })
  })

  test('an honest bounded run has nothing to name; who names something loses', async () => {
    const { c, lying, fetch, dispute } = await bounded((_entry, output) => output)
    expect(await nameOutOfBound(dispute, c.challenger, fetch, c.runner)).toBeUndefined()
    const other = await bounded(tamperAt(3, 2))
    const message = (await nameOutOfBound(other.dispute, c.challenger, other.fetch, c.runner)) as SignedMessage
    // the same naming, signed for this dispute
    const { signMessage } = await import('./dispute/messages.ts')
    const { decode } = await import('../core/index.ts')
    const [, , payload] = decode(message.body) as [Uint8Array, number, Uint8Array]
    const named = accept(dispute, signMessage(c.challenger, dispute.id, 3, decode(payload)), 103)
    const opened = accept(named, await open(named, c.prover, lying, c.runner), 104)
    expect((await settle(opened, c.runner)).outcome).toMatchObject({ losers: ['challenger'], reason: 'no_difference' })
  })

  test('bits do not decide there: exact play is refused', async () => {
    const c = await caseOf(model, inputs, runLoops(model, inputs, { order: 'down' }))
    const { settled } = await play({ ...c, commitment: { ...c.commitment } })
    expect(settled.outcome.losers).toEqual(['challenger'])
  })
})
