/**
 * Fusion before a model is hashed: the same function in fewer operators, so that it runs fast on every device without one of them rewriting it in its own way. What is
 * multiplied and added to by constants goes into weights and biases (computed in f64, rounded once), activations into convolutions, the long form of HardSwish is made short.
 * Results differ from those of the original by rounding; they are those of another model, with a CID of its own. The same file becomes the same file everywhere.
 */
import type { Model } from '../graph.ts'
import { fuseActivations, shortenHardSwish } from './activations.ts'
import { Draft } from './draft.ts'
import { foldBack } from './fold-back.ts'
import { foldForward } from './fold-forward.ts'
import { mergeResidualScales } from './residual-scale.ts'
import { tidy } from './tidy.ts'

/** Rewrites the main graph; subgraphs stay as they are. */
export function fuse(model: Model): Model {
  const draft = new Draft(model.graph)
  tidy(draft)
  shortenHardSwish(draft)
  foldBack(draft)
  foldForward(draft)
  mergeResidualScales(draft)
  const activated = fuseActivations(draft)
  const opsets = activated ? new Map(model.opsets).set('com.microsoft', 1) : model.opsets
  return { opsets, graph: draft.graph() }
}
