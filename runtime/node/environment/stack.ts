/**
 * The operators that a round can sample (docs/spec/cat.md, "The sampled operator"): of each the shapes of its operands and its attributes. Small, so that any node
 * runs any of them within milliseconds, and of every kind of kernel: products, convolutions, sums, transcendental functions, integers.
 */
import type { Dtype } from '../../core/index.ts'
import type { Attribute } from '../../tpu-bridge/index.ts'

export interface StackOperand {
  readonly dtype: Extract<Dtype, 'f32' | 'u8'>
  readonly shape: readonly number[]
}

export interface StackOperator {
  readonly operands: readonly StackOperand[]
  readonly attributes: Readonly<Record<string, Attribute>>
}

/** Of the default domain. */
export const STACK_OPSET = 20

const f32 = (...shape: readonly number[]): StackOperand => ({ dtype: 'f32', shape })
const u8 = (...shape: readonly number[]): StackOperand => ({ dtype: 'u8', shape })
const int = (value: number): Attribute => ({ kind: 'int', value })
const ints = (...value: readonly number[]): Attribute => ({ kind: 'ints', value })

export const STACK: ReadonlyMap<string, StackOperator> = new Map<string, StackOperator>([
  ['Conv', { operands: [f32(1, 8, 24, 24), f32(16, 8, 3, 3), f32(16)], attributes: { pads: ints(1, 1, 1, 1) } }],
  ['Gelu', { operands: [f32(64, 128)], attributes: {} }],
  ['Gemm', { operands: [f32(48, 96), f32(80, 96), f32(80)], attributes: { transB: int(1) } }],
  ['LayerNormalization', { operands: [f32(64, 128), f32(128), f32(128)], attributes: { axis: int(-1) } }],
  ['MatMul', { operands: [f32(64, 96), f32(96, 64)], attributes: {} }],
  ['MatMulInteger', { operands: [u8(64, 128), u8(128, 64)], attributes: {} }],
  ['ReduceMean', { operands: [f32(64, 256)], attributes: { keepdims: int(0) } }],
  ['Softmax', { operands: [f32(64, 128)], attributes: { axis: int(-1) } }],
])
