import type { Lowering } from '../lowering.ts'

export const LINEAR: readonly (readonly [string, Lowering])[] = []
