import { UNKNOWN } from '../status'
import { ADDEND, addend } from './addend'
import { CONV, conv } from './conv'
import { DEPTHWISE, depthwise } from './depthwise'
import { INTEGER_PRODUCT, integerProduct, WIDEN_COLUMNS, widenColumns, WIDEN_ROWS, widenRows } from './integer'
import { INTEGER_CONV, integerConv, REQUANTIZE, requantize } from './integer-conv'
import { MATMUL, matmul } from './matmul'
import { PACK, pack } from './pack'
import { GLOBAL_POOL, globalPool, POOL, pool } from './pool'
import { DEQUANTIZE, dequantize, QUANTIZATION, quantization, QUANTIZE, quantize } from './quantize'
import { COLLECT, collect, TRANSPOSE, transpose } from './transposed'
import { VECTOR, vector } from './vector'

/** Kernels 100 to 199: products and windows: matrices, convolutions, pools. */
export function linearKernel(id: i32, p: usize, part: i32, parts: i32): i32 {
  switch (id) {
    case PACK:
      return pack(p, part, parts)
    case MATMUL:
      return matmul(p, part, parts)
    case CONV:
      return conv(p, part, parts)
    case DEPTHWISE:
      return depthwise(p, part, parts)
    case WIDEN_ROWS:
      return widenRows(p, part, parts)
    case WIDEN_COLUMNS:
      return widenColumns(p, part, parts)
    case INTEGER_PRODUCT:
      return integerProduct(p, part, parts)
    case INTEGER_CONV:
      return integerConv(p, part, parts)
    case REQUANTIZE:
      return requantize(p, part, parts)
    case QUANTIZE:
      return quantize(p, part, parts)
    case DEQUANTIZE:
      return dequantize(p, part, parts)
    case QUANTIZATION:
      return quantization(p)
    case ADDEND:
      return addend(p, part, parts)
    case TRANSPOSE:
      return transpose(p, part, parts)
    case COLLECT:
      return collect(p, part, parts)
    case POOL:
      return pool(p, part, parts)
    case GLOBAL_POOL:
      return globalPool(p, part, parts)
    case VECTOR:
      return vector(p, part, parts)
    default:
      return UNKNOWN
  }
}
