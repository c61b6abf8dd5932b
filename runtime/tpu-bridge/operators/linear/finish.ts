/** What a kernel does to its outputs before they leave the cache (`finish.ts` of the guest). */
import type { Operand } from '../lowering.ts'
import { floatBits } from '../operands.ts'

export interface Finish {
  readonly bias?: Operand
  readonly activation?: Activation
}

/** Names and values as in the table of the guest. */
export interface Activation {
  readonly kind: 'relu' | 'clip' | 'hard-swish' | 'hard-sigmoid' | 'leaky-relu'
  readonly values: readonly number[]
}

const KINDS = ['none', 'relu', 'clip', 'hard-swish', 'hard-sigmoid', 'leaky-relu'] as const

export const finishOperands = ({ bias }: Finish): readonly Operand[] => [bias ?? null, null, null, null, null, null]

export function finishParams({ activation }: Finish): readonly number[] {
  const values = Array.from({ length: 4 }, (_, i) => floatBits(activation?.values[i] ?? 0))
  return [0, activation === undefined ? 0 : KINDS.indexOf(activation.kind), ...values]
}
