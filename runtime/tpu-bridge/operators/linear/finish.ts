/** What a kernel does to its outputs before they leave the cache: bias, then an activation (`finish.ts` of the guest). */
import type { Operand } from '../lowering.ts'
import { floatBits } from '../operands.ts'

export interface Activation {
  readonly kind: 'relu' | 'clip' | 'hard-sigmoid' | 'leaky-relu' | 'hard-swish'
  /** Its two numbers as the guest has them; 0 for one that it has not. */
  readonly values: readonly [number, number]
}

const NUMBERS: Readonly<Record<Activation['kind'], number>> = { relu: 1, clip: 2, 'hard-sigmoid': 3, 'leaky-relu': 4, 'hard-swish': 5 }

/** The last operand of a step and its first parameters: in its record they lie side by side. */
export const finishParams = (activation: Activation | undefined): readonly number[] =>
  activation === undefined ? [0, 0, 0] : [NUMBERS[activation.kind], ...activation.values.map(floatBits)]

export interface Finish {
  /** One value a filter, or null. */
  readonly bias: Operand
  readonly activation?: Activation | undefined
}
