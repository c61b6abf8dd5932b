import { expect, test } from 'vitest'
import { UtnetError } from '../../../core/index.ts'
import { differs, f32, lowerCase, onKernels, type CaseInput, type NodeCase } from '../testing/node-case.ts'

const int = (value: number) => ({ kind: 'int', value }) as const

function floats(shape: readonly number[], seed: number, scale = 1): CaseInput {
  const n = shape.reduce((a, b) => a * b, 1)
  return f32(
    shape,
    Array.from({ length: n }, (_, i) => Math.sin((i + seed) * 78.233) * scale),
  )
}

const lengths = (v: readonly number[]): CaseInput => ({ dtype: 's32', shape: [v.length], data: new Uint8Array(Int32Array.from(v).buffer) })

interface Form {
  readonly op: 'LSTM' | 'GRU' | 'RNN'
  readonly direction: string
  readonly constant: boolean
  readonly sides: readonly [steps: number, batch: number, inputs: number, hidden: number]
  /** Biases and first states. */
  readonly full?: boolean
  readonly sequences?: readonly number[]
  readonly extra?: NodeCase['attributes']
  readonly peepholes?: boolean
}

function caseOf({ op, direction, constant, sides: [s, b, i, h], full, sequences, extra, peepholes }: Form): NodeCase {
  const d = direction === 'bidirectional' ? 2 : 1
  const gates = op === 'LSTM' ? 4 : op === 'GRU' ? 3 : 1
  const inputs: (CaseInput | undefined)[] = [
    floats([s, b, i], 1),
    { ...floats([d, gates * h, i], 2, 0.3), constant },
    { ...floats([d, gates * h, h], 3, 0.3), constant },
    full === true ? floats([d, 2 * gates * h], 4, 0.5) : undefined,
    sequences === undefined ? undefined : lengths(sequences),
    full === true ? floats([d, b, h], 5) : undefined,
    ...(op === 'LSTM' ? [full === true ? floats([d, b, h], 6) : undefined, peepholes === true ? floats([d, 3 * h], 7) : undefined] : []),
  ]
  while (inputs.at(-1) === undefined) inputs.pop()
  return {
    op,
    opset: 14,
    outputs: op === 'LSTM' ? 3 : 2,
    attributes: { hidden_size: int(h), direction: { kind: 'string', value: direction }, ...extra },
    inputs,
  }
}

for (const op of ['LSTM', 'GRU'] as const)
  for (const direction of ['forward', 'reverse', 'bidirectional'])
    test(`${op} ${direction}: biases, first states, lengths, a clip, sums longer than one block, weights constant and not`, async () => {
      for (const constant of [true, false]) {
        const form = { op, direction, constant }
        expect(await differs(caseOf({ ...form, sides: [1, 1, 4, 5], full: true, peepholes: true }))).toBeUndefined()
        expect(
          await differs(
            caseOf({ ...form, sides: [4, 3, 7, 8], sequences: [4, 2, 0], extra: { clip: { kind: 'float', value: Math.fround(0.7) } } }),
          ),
        ).toBeUndefined()
        expect(await differs(caseOf({ ...form, sides: [3, 1, 150, 140], full: true }))).toBeUndefined()
        expect(await differs(caseOf({ ...form, sides: [2, 2, 300, 33] }))).toBeUndefined()
        expect(await differs(caseOf({ ...form, sides: [2, 1, 10, 270], full: true }))).toBeUndefined()
        if (op === 'GRU') {
          expect(
            await differs(caseOf({ ...form, sides: [3, 2, 7, 9], full: true, extra: { linear_before_reset: int(1) } })),
          ).toBeUndefined()
          expect(await differs(caseOf({ ...form, sides: [3, 2, 7, 140], extra: { linear_before_reset: int(1) } }))).toBeUndefined()
        } else expect(await differs(caseOf({ ...form, sides: [3, 2, 7, 9], full: true, extra: { input_forget: int(1) } }))).toBeUndefined()
      }
    })

for (const direction of ['forward', 'reverse', 'bidirectional'])
  test(`RNN ${direction}: biases, first states, a clip, sums longer than one block, Relu`, async () => {
    for (const constant of [true, false]) {
      const form = { op: 'RNN', direction, constant } as const
      expect(await differs(caseOf({ ...form, sides: [1, 1, 4, 5], full: true }))).toBeUndefined()
      expect(
        await differs(caseOf({ ...form, sides: [4, 3, 7, 8], extra: { clip: { kind: 'float', value: Math.fround(0.7) } } })),
      ).toBeUndefined()
      expect(await differs(caseOf({ ...form, sides: [3, 1, 150, 140], full: true }))).toBeUndefined()
      expect(await differs(caseOf({ ...form, sides: [2, 2, 300, 33] }))).toBeUndefined()
      const names = Array.from({ length: direction === 'bidirectional' ? 2 : 1 }, () => 'Relu')
      expect(
        await differs(caseOf({ ...form, sides: [3, 2, 10, 270], full: true, extra: { activations: { kind: 'strings', value: names } } })),
      ).toBeUndefined()
    }
  })

test('a sequence longer than the steps stops the kernel', async () => {
  await expect(
    onKernels(caseOf({ op: 'LSTM', direction: 'forward', constant: true, sides: [2, 1, 3, 4], sequences: [3] })),
  ).rejects.toThrow('status 2')
  await expect(
    onKernels(caseOf({ op: 'GRU', direction: 'forward', constant: true, sides: [2, 1, 3, 4], sequences: [-1] })),
  ).rejects.toThrow('status 2')
})

test('other activations, another layout and sides that do not fit are refused with a code', () => {
  const code = (c: NodeCase): string => {
    try {
      lowerCase(c)
      return 'none'
    } catch (error) {
      return error instanceof UtnetError ? error.code : String(error)
    }
  }
  const form = { op: 'LSTM', direction: 'forward', constant: true, sides: [2, 1, 3, 4] } as const
  expect(code(caseOf({ ...form, extra: { layout: int(1) } }))).toBe('operator_unsupported')
  expect(code(caseOf({ ...form, extra: { activations: { kind: 'strings', value: ['Sigmoid', 'Tanh', 'Affine'] } } }))).toBe(
    'operator_unsupported',
  )
  expect(code(caseOf({ ...form, extra: { activations: { kind: 'strings', value: ['Sigmoid'] } } }))).toBe('model_invalid')
  expect(code(caseOf({ ...form, direction: 'sideways' }))).toBe('model_invalid')
  const good = caseOf(form)
  expect(code({ ...good, inputs: [good.inputs[0], good.inputs[2], good.inputs[1]] })).toBe('tensor_shape')
})
