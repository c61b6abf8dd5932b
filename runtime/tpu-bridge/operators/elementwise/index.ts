import type { Lowering } from '../lowering.ts'
import { lowerAdd } from './binary.ts'

export const ELEMENTWISE: readonly (readonly [string, Lowering])[] = [['Add', lowerAdd]]
