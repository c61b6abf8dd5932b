/** Models and operators on tensors. */
import {
  aname,
  atensor,
  encode,
  isUtnetError,
  limitError,
  LIMITS,
  parseCid,
  PROTOCOL,
  plainCommitment,
  commitmentFile,
  commitmentRoot,
  inferOutputOpening,
  tensorHeads,
  UtnetError,
  type CID,
  type InferRequest,
  type InferResult,
  type ModelView,
  type NamedTensor,
  type RunStatus,
  type TensorHead,
} from '../../core/index.ts'
import { failureOf } from '../models/index.ts'
import { retentionOf, type Parts } from '../parts.ts'
import { guestOf } from './guests.ts'
import { announce, contextNow, inSlotUntil, strictest, ticketOf } from '../runs/index.ts'
import type { RunFile } from '../../receipts/index.ts'

interface Ran {
  readonly status: RunStatus
  /** What the caller is told of a run that did not complete. */
  readonly failure?: UtnetError
  readonly arithmetic: string
  readonly outputs: readonly NamedTensor[]
  readonly gas: bigint
  readonly root: Uint8Array
  /** What `root` is the digest of (`commitmentFile`). */
  readonly commitment: Uint8Array
  /** Heads of the outputs. */
  readonly heads: readonly TensorHead[]
}

/** Registers a model under a name. */
export async function putModel(parts: Parts, name: string, bytes: Uint8Array): Promise<ModelView> {
  return parts.bridge.put(aname(name, 'model'), bytes)
}

function isOperator(parts: Parts, name: string): boolean {
  try {
    return parts.chain.guest(name).world === 'operator'
  } catch (error) {
    if (isUtnetError(error, 'guest_not_found')) return false
    throw error
  }
}

function isModel(parts: Parts, name: string): boolean {
  try {
    parts.bridge.get(name)
    return true
  } catch (error) {
    if (isUtnetError(error, 'model_not_found')) return false
    throw error
  }
}

/** A model, or an operator in the shape of one: its tensors are free, its device is `wasm`. */
export function model(parts: Parts, name: string): ModelView {
  if (!isModel(parts, name) && isOperator(parts, name))
    return { name, model: parts.chain.guest(name).module.toString(), platform: 'wasm', inputs: [], outputs: [], devices: ['wasm'] }
  return parts.bridge.get(name)
}

/** With what was committed to, as a file (`commitmentFile`). */
interface CommittedResult extends InferResult {
  readonly commitment: Uint8Array
}

/** Runs a model on a device, or an operator as a guest; answers when the receipt is durable. */
export async function infer(parts: Parts, request: InferRequest): Promise<InferResult> {
  const { commitment: _, ...result } = await inferCommitted(parts, request)
  return result
}

/** The same, with the commitment. */
export async function inferCommitted(parts: Parts, request: InferRequest): Promise<CommittedResult> {
  const name = request.model
  if (request.inputs.length > LIMITS.tensorsPerCall)
    throw limitError('tensor_input', 'tensorsPerCall', request.inputs.length, LIMITS.tensorsPerCall, 'inputs')
  for (const input of request.inputs) atensor(input, `input ${input.name}`)
  return isModel(parts, name) || !isOperator(parts, name) ? inferModel(parts, request) : inferOperator(parts, request)
}

async function inferModel(parts: Parts, request: InferRequest): Promise<CommittedResult> {
  const cid = parseCid(parts.bridge.get(request.model).model, 'model')
  const gas = parts.bridge.gasOf(request.model, request.inputs)
  return receipted(parts, request, cid, 'onnx', async (inputs) => {
    const { arithmetic, outputs, root, commitment, heads } = await parts.bridge.infer(request.model, inputs, request.arithmetic ?? 'any')
    return { status: 'ok', arithmetic, outputs, gas, root, commitment, heads: heads.outputs }
  })
}

async function inferOperator(parts: Parts, request: InferRequest): Promise<CommittedResult> {
  const { info } = await guestOf(parts, request.model, 'operator', 'utnet invoke runs functions')
  return receipted(parts, request, info.module, 'operator', async (inputs, asked) => {
    const run = await parts.host.runOperator({ module: info.module, inputs, gasLimit: BigInt(LIMITS.invokeGas) })
    const heads = tensorHeads(run.outputs)
    const arithmetic = `exact:${info.module.toString()}`
    const commitment = plainCommitment(info.module, arithmetic, asked, heads)
    return {
      status: run.status,
      ...(run.status === 'ok' ? {} : { failure: failureOf(request.model, run, await parts.lines(request.model, info.module, run)) }),
      arithmetic,
      outputs: run.outputs,
      gas: run.gas,
      root: commitmentRoot(commitment),
      commitment: commitmentFile(commitment),
      heads,
    }
  })
}

/** A run that failed has its receipt too: the error names it. */
function withReceipt(error: UtnetError, receipt: string): UtnetError {
  const { limit, used, allowed, details } = error
  const broken = limit === undefined || used === undefined || allowed === undefined ? {} : { limit, used, allowed }
  return new UtnetError(error.code, error.message, { ...broken, hint: `utnet replay ${receipt} --trace`, details: { ...details, receipt } })
}

/** The tensors by the sha256 of their data; `own` makes copies. */
const filesOf = (tensors: readonly NamedTensor[], heads: readonly TensorHead[], own: boolean): RunFile[] =>
  heads.flatMap(([, , , hash], i) => {
    const { data } = tensors[i] as NamedTensor
    return data.length === 0 ? [] : [[hash, own ? new Uint8Array(data) : data] as const]
  })

async function receipted(
  parts: Parts,
  request: InferRequest,
  module: CID,
  world: string,
  work: (inputs: readonly NamedTensor[], heads: readonly TensorHead[]) => Promise<Ran>,
): Promise<CommittedResult> {
  const { context, chainSeed } = contextNow(parts)
  // The receipt names these bytes and its journal writes them later: they must stay what they were.
  const inputs = request.inputs.map((t) => ({ ...t, data: new Uint8Array(t.data) }))
  const heads = tensorHeads(inputs)
  const input = encode(heads)
  const run = parts.receipts.begin({ module, chainSeed, input })
  const began = performance.now()
  const ran = await inSlotUntil(run, () => work(inputs, heads))
  // A caller who does not wait for the disk has the outputs before they are written, and may change them.
  const later = request.later === true
  const files = [...filesOf(inputs, heads, false), ...filesOf(ran.outputs, ran.heads, later), [ran.root, ran.commitment] as const]
  const issued = run.finish({
    kind: 'infer',
    world,
    entry: 'run',
    status: ran.status,
    gas: ran.gas,
    protocol: PROTOCOL,
    models: [{ model: module, arithmetic: ran.arithmetic, root: ran.root }],
    context,
    retention: strictest(retentionOf(parts.retention, request.model), request.retention),
    output: inferOutputOpening(ran.heads, ran.root),
    log: null,
    files,
  })
  parts.meters.ran('infer', ran.status, ran.gas, (performance.now() - began) / 1000)
  announce(parts, issued, 'infer', ran.status, ran.gas)
  const receipt = await ticketOf(run, issued, ran.gas, later)
  if (ran.failure !== undefined) throw withReceipt(ran.failure, receipt.id)
  return { model: module.toString(), arithmetic: ran.arithmetic, outputs: ran.outputs, receipt, commitment: ran.commitment }
}
