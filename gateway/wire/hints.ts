/** What a caller over HTTP does next, where the error itself does not say. */
import { ERRORS, type ErrorCode, type Fault } from '../../runtime/core/index.ts'

const BY_FAULT: Readonly<Record<Fault, string>> = {
  caller: 'compare the request with GET /openapi.json',
  guest: 'run it again from its receipt: utnet replay ID --trace',
  peer: 'the bytes are not what they claim to be: fetch them again',
  node: 'try again; the log of the node names the cause',
}

const BY_CODE: Partial<Record<ErrorCode, string>> = {
  guest_not_found: 'GET /v1/guests lists what is deployed',
  guest_export_not_found: 'GET /v1/guests/{name} lists the exports',
  value_mismatch: 'GET /v1/guests/{name} lists the types of each export',
  model_not_found: 'GET /v1/models lists the models',
  receipt_not_found: 'ids stand in the field Utnet-Receipt and in the results of calls',
  receipt_not_anchored: 'wait for the anchor: GET /v1/receipts/{id}?wait=10000',
  tx_not_found: 'the hash is what POST /v1/transactions answered',
  chain_height: 'GET /v1/chain names the head',
  chain_pruned: 'GET /v1/chain names the lowest height that is kept',
  auth_required: 'sign a transaction: POST /v1/transactions; only a node that runs as dev acts for its callers',
  origin_refused: 'call from a page of this node, or from outside a browser',
  host_unknown: 'call the node by an IP address, by localhost or by a host name it was configured with',
  route_not_found: 'GET /openapi.json lists the routes',
  method_not_allowed: 'the field Allow lists the methods',
  host_busy: 'try again in a moment: the field Retry-After says when',
  host_restarted: 'try again: nothing of this request was done, and it has no receipt',
  node_stopping: 'try another node, or this one again in a moment',
}

/** The hint of a code: its own, else the one of whose fault it is. */
export function hintOf(code: ErrorCode): string {
  return BY_CODE[code] ?? BY_FAULT[ERRORS[code][0]]
}
