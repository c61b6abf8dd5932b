import type { Lowering } from '../lowering.ts'
import { lowerConvTranspose } from './conv-transpose.ts'
import { lowerConv } from './conv.ts'
import { lowerFusedConv } from './fused-conv.ts'
import { lowerGemm } from './gemm.ts'
import { lowerConvInteger, lowerQLinearConv, lowerQLinearMatMul } from './integer-conv.ts'
import { lowerMatMulInteger } from './integer.ts'
import { lowerMatMul } from './matmul.ts'
import { lowerAveragePool, lowerGlobalAveragePool, lowerGlobalMaxPool, lowerMaxPool } from './pool.ts'
import { lowerDequantizeLinear, lowerDynamicQuantizeLinear, lowerQuantizeLinear } from './quantize.ts'

/** Products and convolutions, by key of the table. */
export const LINEAR: readonly (readonly [string, Lowering])[] = [
  ['AveragePool', lowerAveragePool],
  ['Conv', lowerConv],
  ['ConvInteger', lowerConvInteger],
  ['ConvTranspose', lowerConvTranspose],
  ['com.microsoft.FusedConv', lowerFusedConv],
  ['DequantizeLinear', lowerDequantizeLinear],
  ['DynamicQuantizeLinear', lowerDynamicQuantizeLinear],
  ['Gemm', lowerGemm],
  ['GlobalAveragePool', lowerGlobalAveragePool],
  ['GlobalMaxPool', lowerGlobalMaxPool],
  ['MatMul', lowerMatMul],
  ['MatMulInteger', lowerMatMulInteger],
  ['MaxPool', lowerMaxPool],
  ['QLinearConv', lowerQLinearConv],
  ['QLinearMatMul', lowerQLinearMatMul],
  ['QuantizeLinear', lowerQuantizeLinear],
]
export { gemmBlock } from './blocks.ts'
export { MATMUL, packedBytes, SHARED_COST, VECTOR } from './matmul.ts'
