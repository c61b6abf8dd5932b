import type { Lowering } from '../lowering.ts'

export const LAYOUT: readonly (readonly [string, Lowering])[] = []
