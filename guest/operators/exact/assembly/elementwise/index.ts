import { UNKNOWN } from '../status'
import { ARG_F32, ARG_U8, CUMSUM_F32, CUMSUM_S64, HARDMAX_F32, argKernel, cumsumKernel, hardmaxF32 } from './along'
import { BATCH_NORM_F32, batchNormF32 } from './batch'
import { BINARY_F32, BINARY_F64, BINARY_U16, MEAN_F32, binaryF32, binaryOther, meanF32 } from './binary'
import { GRU_F32, gruF32 } from './gru'
import { LSTM_F32, lstmF32 } from './lstm'
import {
  GROUP_NORM_F32,
  INSTANCE_NORM_F32,
  LAYER_NORM_F32,
  LP_NORM_F32,
  LRN_F32,
  groupNormF32,
  instanceNormF32,
  layerNormF32,
  lpNormF32,
  lrnF32,
} from './norms'
import { IS_SPECIAL, NUMBERS_F64, NUMBERS_U64, isSpecial, numbersKernel } from './numbers'
import { POW_MIXED, powMixed } from './pow'
import { RNN_F32, rnnF32 } from './rnn'
import { ROWS_F32, TRANSPOSE_F32, rowsF32, transposeF32 } from './recurrent'
import { REDUCE_F32, REDUCE_U8, reduceKernel } from './reduce'
import { SOFTMAX_F32, softmaxF32 } from './softmax'
import { UNARY_F32, unaryF32 } from './unary'

/** Kernels 200 to 399: values one by one, and along an axis. */
export function elementwiseKernel(id: i32, p: usize, part: i32, parts: i32): i32 {
  if (id >= BINARY_F64 && id <= BINARY_U16) return binaryOther(id, p, part, parts)
  if (id >= REDUCE_F32 && id <= REDUCE_U8) return reduceKernel(id, p, part, parts)
  if (id >= NUMBERS_F64 && id <= NUMBERS_U64) return numbersKernel(id, p, part, parts)
  if (id >= ARG_F32 && id <= ARG_U8) return argKernel(id, p, part, parts)
  if (id >= CUMSUM_F32 && id <= CUMSUM_S64) return cumsumKernel(id, p, part, parts)
  switch (id) {
    case BINARY_F32:
      return binaryF32(p, part, parts)
    case MEAN_F32:
      return meanF32(p, part, parts)
    case UNARY_F32:
      return unaryF32(p, part, parts)
    case SOFTMAX_F32:
      return softmaxF32(p, part, parts)
    case BATCH_NORM_F32:
      return batchNormF32(p, part, parts)
    case LAYER_NORM_F32:
      return layerNormF32(p, part, parts)
    case INSTANCE_NORM_F32:
      return instanceNormF32(p, part, parts)
    case LP_NORM_F32:
      return lpNormF32(p, part, parts)
    case LRN_F32:
      return lrnF32(p, part, parts)
    case GROUP_NORM_F32:
      return groupNormF32(p, part, parts)
    case TRANSPOSE_F32:
      return transposeF32(p, part, parts)
    case ROWS_F32:
      return rowsF32(p, part, parts)
    case LSTM_F32:
      return lstmF32(p)
    case IS_SPECIAL:
      return isSpecial(p, part, parts)
    case POW_MIXED:
      return powMixed(p, part, parts)
    case RNN_F32:
      return rnnF32(p)
    case HARDMAX_F32:
      return hardmaxF32(p, part, parts)
    case GRU_F32:
      return gruF32(p)
    default:
      return UNKNOWN
  }
}
