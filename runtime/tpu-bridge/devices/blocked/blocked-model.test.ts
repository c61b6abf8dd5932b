import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Tensor } from '../../../core/index.ts'
import { exposed, writeModel, type Attribute, type Model, type Node } from '../../graph/index.ts'
import { serialQueue } from '../../queue.ts'
import { nativeRuntime } from '../onnx-native.ts'
import { openSession, runSession } from '../ort-runtime.ts'
import { blockedModel, blockSize } from './index.ts'

const OPTIONS = { executionProviders: ['cpu'], intraOpNumThreads: 1, graphOptimizationLevel: 'disabled', logSeverityLevel: 4 } as const
const turn = serialQueue()
const ort = await nativeRuntime('onnx-cpu')()
const size = await blockSize(ort, turn, OPTIONS)

const noise = (seed: number, shape: readonly number[]): Tensor => {
  let state = (seed * 2654435761 + 1) >>> 0
  const values = Float32Array.from({ length: shape.reduce((n, s) => n * s, 1) }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 31 - 1
  })
  return { dtype: 'f32', shape, data: new Uint8Array(values.buffer) }
}
const int = (value: number): Attribute => ({ kind: 'int', value })
const ints = (value: readonly number[]): Attribute => ({ kind: 'ints', value })

async function run(model: Model, x: Tensor, names: readonly string[]): Promise<readonly Float32Array[]> {
  const session = await openSession(ort, turn, exposed(writeModel(model), names), OPTIONS)
  try {
    const found = await runSession(ort, turn, session, [{ name: 'x', ...x }], names)
    return found.map((t) => new Float32Array(t.data.buffer, t.data.byteOffset, t.data.length / 4))
  } finally {
    await turn(() => session.release())
  }
}

const STEPS = ['dense', 'pointwise', 'depthwise', 'grouped', 'swish', 'relu', 'fused', 'double', 'residual', 'pool', 'scale'] as const
const CHANNELS = [3, 4, 8, 12, 16, 20, 24, 32, 48]

/** A chain of operators, each value named by its place. */
function chain(first: number, steps: readonly { readonly step: (typeof STEPS)[number]; readonly to: number }[], seed: number): Model {
  const constants = new Map<string, Tensor>()
  const nodes: Node[] = []
  let channels = first
  let at = 'x'
  const put = (op: string, inputs: readonly string[], attributes: Record<string, Attribute> = {}, domain = ''): string => {
    const name = `v${nodes.length}`
    nodes.push({ name: '', op, domain, inputs, outputs: [name], attributes: new Map(Object.entries(attributes)) })
    return name
  }
  const constant = (shape: readonly number[]): string => {
    const name = `c${constants.size}`
    constants.set(name, noise(seed + constants.size, shape))
    return name
  }
  const conv = (to: number, groups: number, window: number, fused?: string): void => {
    const attributes = { group: int(groups), kernel_shape: ints([window, window]), pads: ints(Array(4).fill(window >> 1)) }
    const inputs = [at, constant([to, channels / groups, window, window]), constant([to])]
    at =
      fused === undefined
        ? put('Conv', inputs, attributes)
        : put('FusedConv', inputs, { ...attributes, activation: { kind: 'string', value: fused } }, 'com.microsoft')
    channels = to
  }
  for (const { step, to } of steps) {
    if (step === 'dense') conv(to, 1, 3)
    else if (step === 'pointwise') conv(to, 1, 1)
    else if (step === 'depthwise') conv(channels, channels, 3)
    else if (step === 'grouped') conv(channels, channels % 2 === 0 ? 2 : 1, 3)
    else if (step === 'fused') conv(to, 1, 3, 'HardSwish')
    else if (step === 'swish') at = put('Mul', [at, put('HardSigmoid', [at])])
    else if (step === 'relu') at = put('Relu', [at])
    else if (step === 'double') at = put('Add', [at, at])
    else if (step === 'residual') {
      const before = at
      conv(channels, 1, 3)
      at = put('Add', [before, at])
    } else if (step === 'pool') at = put('Add', [at, put('GlobalAveragePool', [at])])
    else at = put('Mul', [at, constant([channels, 1, 1])])
  }
  const graph = {
    inputs: [{ name: 'x', dtype: 'f32' as const, shape: [1, first, 7, 5] }],
    outputs: [{ name: at }],
    constants,
    nodes,
  }
  return {
    opsets: new Map([
      ['', 13],
      ['com.microsoft', 1],
    ]),
    graph,
  }
}

test('a processor with blocked convolutions is found out, with its size', () => {
  // every x64 of today has them, so there a layout that comes out wrong cannot pass for a processor without
  expect(process.arch === 'x64' ? [8, 16] : [undefined, 8, 16]).toContain(size)
})

test.skipIf(size === undefined)('in blocks every value is the same but for rounding, and whatever is looked at, its bits are', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...CHANNELS),
      fc.array(fc.record({ step: fc.constantFrom(...STEPS), to: fc.constantFrom(...CHANNELS) }), { minLength: 1, maxLength: 6 }),
      fc.nat(1000),
      async (first, steps, seed) => {
        const model = chain(first, steps, seed)
        const x = noise(seed + 99, [1, first, 7, 5])
        const names = model.graph.nodes.flatMap((n) => n.outputs)
        const last = model.graph.outputs[0]?.name as string
        const plain = await run(model, x, names)
        const all = await run(blockedModel(model, size as number, names), x, names)
        for (const [i, values] of plain.entries()) {
          const most = values.reduce((m, v) => Math.max(m, Math.abs(v)), 1e-3)
          const off = values.reduce((m, v, k) => Math.max(m, Math.abs(v - (all[i]?.[k] as number))), 0)
          expect(off / most, names[i]).toBeLessThan(1e-3)
        }
        const [alone] = await run(blockedModel(model, size as number, [last]), x, [last])
        expect(Buffer.compare(Buffer.from((alone as Float32Array).buffer), Buffer.from((all.at(-1) as Float32Array).buffer))).toBe(0)
      },
    ),
    { numRuns: Number(process.env['BLOCKED_RUNS'] ?? 40) },
  )
})

test.skipIf(size === undefined)('an infinity that an activation cuts off is gone, whatever fills up the last block', async () => {
  for (const filters of [4, 8, 20, 32]) {
    const ones = (shape: readonly number[]): Tensor => {
      const values = new Float32Array(shape.reduce((n, d) => n * d, 1)).fill(1)
      return { dtype: 'f32', shape, data: new Uint8Array(values.buffer) }
    }
    const node = (op: string, inputs: readonly string[], output: string): Node => ({
      name: '',
      op,
      domain: '',
      inputs,
      outputs: [output],
      attributes: new Map(),
    })
    const graph = {
      inputs: [{ name: 'x', dtype: 'f32' as const, shape: [1, 16, 2, 2] }],
      outputs: [{ name: 'y' }],
      constants: new Map([
        ['v', ones([filters, 16, 1, 1])],
        ['w', ones([16, filters, 1, 1])],
      ]),
      nodes: [node('Conv', ['x', 'v'], 'a'), node('Sigmoid', ['a'], 'b'), node('Conv', ['b', 'w'], 'y')],
    }
    const model = { opsets: new Map([['', 13]]), graph }
    const x = ones([1, 16, 2, 2])
    new Float32Array(x.data.buffer)[0] = -Infinity
    const [plain] = await run(model, x, ['y'])
    const [blocked] = await run(blockedModel(model, size as number, ['y']), x, ['y'])
    expect([...(blocked as Float32Array)].every(Number.isFinite), `${filters} filters`).toBe(
      [...(plain as Float32Array)].every(Number.isFinite),
    )
    expect([...(plain as Float32Array)].every(Number.isFinite)).toBe(true)
  }
})
