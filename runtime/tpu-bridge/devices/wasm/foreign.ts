/** Operators that have no kernels, run one by one on another device in the middle of a model. */
import type { OrtDevice } from '../ort-session.ts'
import type { ForeignDevice } from './engine.ts'

/** By a device that takes whole files: each operator is a file of its own, constants as initializers. */
export function foreignOn(device: OrtDevice): ForeignDevice {
  return {
    arithmetic: device.valuesArithmetic,
    knows: (model, node) => device.knows(model, node),
    run: (model, { path, operands }) => device.operator(model, path, operands),
  }
}
