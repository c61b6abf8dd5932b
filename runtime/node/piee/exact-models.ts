/** Models on kernels, as provers, challengers and referees need them: whole runs whose values are at hand, and operators alone. */
import { UtnetError, type CID, type OperatorRunner } from '../../core/index.ts'
import { wasmOperators, wasmRunner, type LazyExact, type LocalRunner } from '../../tpu-bridge/index.ts'

export interface ExactModels {
  readonly runner: LocalRunner
  readonly operators: OperatorRunner
}

/** `read` gives a model's file. Throws `device_missing` for a package without kernels. */
export function exactModels(exact: LazyExact | undefined, read: (model: CID) => Promise<Uint8Array>): ExactModels {
  if (exact === undefined)
    throw new UtnetError('device_missing', 'this node has no device wasm: nothing can be run again by exact arithmetic')
  const options = { exact: { component: exact.component, ...exact.ready() }, models: read }
  return { runner: wasmRunner(options), operators: wasmOperators(options) }
}
