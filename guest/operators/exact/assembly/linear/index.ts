import { UNKNOWN } from '../status'
import { ADDEND, addend } from './addend'
import { CONV, conv } from './conv'
import { MATMUL, matmul } from './matmul'
import { PACK, pack } from './pack'
import { GLOBAL_POOL, globalPool, POOL, pool } from './pool'
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
