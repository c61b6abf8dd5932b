import type { Lowering } from '../lowering.ts'
import { BINARY } from './binary.ts'
import { NORMALIZE } from './normalize.ts'
import { REDUCE } from './reduce.ts'
import { UNARY } from './unary.ts'

export const ELEMENTWISE: readonly (readonly [string, Lowering])[] = [...BINARY, ...UNARY, ...NORMALIZE, ...REDUCE]
