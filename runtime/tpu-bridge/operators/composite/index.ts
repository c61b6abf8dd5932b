/** Operators that are made of others. */
import type { Lowering } from '../lowering.ts'
import { lowerAttention } from './attention.ts'
import { lowerEinsum } from './einsum.ts'
import { lowerNegativeLogLikelihood, lowerSoftmaxCrossEntropy } from './loss.ts'
import { lowerMeanVariance } from './mean-variance.ts'
import { lowerRotaryEmbedding } from './rotary.ts'

export const COMPOSITE: readonly (readonly [string, Lowering])[] = [
  ['Attention', lowerAttention],
  ['Einsum', lowerEinsum],
  ['MeanVarianceNormalization', lowerMeanVariance],
  ['NegativeLogLikelihoodLoss', lowerNegativeLogLikelihood],
  ['RotaryEmbedding', lowerRotaryEmbedding],
  ['SoftmaxCrossEntropyLoss', lowerSoftmaxCrossEntropy],
]
