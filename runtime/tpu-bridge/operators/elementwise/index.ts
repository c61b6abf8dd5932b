import type { Lowering } from '../lowering.ts'
import { ALONG } from './along.ts'
import { BINARY } from './binary.ts'
import { NORMALIZE } from './normalize.ts'
import { NORMS } from './norms.ts'
import { RECURRENT } from './recurrent.ts'
import { REDUCE } from './reduce.ts'
import { UNARY } from './unary.ts'

/** Operators that work value by value or along an axis, by key of the table. */
export const ELEMENTWISE: readonly (readonly [string, Lowering])[] = [
  ...BINARY,
  ...UNARY,
  ...NORMALIZE,
  ...NORMS,
  ...REDUCE,
  ...ALONG,
  ...RECURRENT,
]
