import type { Lowering } from '../lowering.ts'
import { lowerConvTranspose } from './conv-transpose.ts'
import { lowerConv } from './conv.ts'
import { lowerGemm } from './gemm.ts'
import { lowerMatMul } from './matmul.ts'
import { lowerAveragePool, lowerGlobalAveragePool, lowerGlobalMaxPool, lowerMaxPool } from './pool.ts'

export const LINEAR: readonly (readonly [string, Lowering])[] = [
  ['AveragePool', lowerAveragePool],
  ['Conv', lowerConv],
  ['ConvTranspose', lowerConvTranspose],
  ['Gemm', lowerGemm],
  ['GlobalAveragePool', lowerGlobalAveragePool],
  ['GlobalMaxPool', lowerGlobalMaxPool],
  ['MatMul', lowerMatMul],
  ['MaxPool', lowerMaxPool],
]
