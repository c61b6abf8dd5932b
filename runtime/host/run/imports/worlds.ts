/** What the host offers to each world. */
import type { Worlds } from '../../validate/index.ts'
import { WASI } from '../../http/index.ts'
import { CONTRACT_CALLS } from './contract-calls.ts'
import { INFERENCE_REQUESTS } from './contract-requests.ts'
import { CONTRACT } from './contract-state.ts'
import { OPERATOR_RUN, TENSORS } from './tensors.ts'

export const WORLDS: Worlds = {
  offers: {
    contract: { ...CONTRACT, ...CONTRACT_CALLS, ...INFERENCE_REQUESTS },
    function: { ...WASI, ...TENSORS },
    // Of the tensor interface an operator sees the types only
    operator: { 'utnet:host/tensor': {} },
    // Linked, not of the one shape: host/linked
    command: {},
    library: {},
  },
  operatorRun: OPERATOR_RUN,
}
