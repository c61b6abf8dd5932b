import type { Lowering } from '../lowering.ts'
import { lowerConv } from './conv.ts'
import { lowerMatMul } from './matmul.ts'

export const LINEAR: readonly (readonly [string, Lowering])[] = [
  ['Conv', lowerConv],
  ['MatMul', lowerMatMul],
]
