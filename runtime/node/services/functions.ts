/** Invoking functions. */
import {
  aname,
  PROTOCOL,
  LIMITS,
  modelsField,
  requestOpening,
  responseOpening,
  sha256,
  toHex,
  UtnetError,
  withoutSecrets,
  type CID,
  type FunctionAnswer,
  type FunctionRequest,
  encode,
} from '../../core/index.ts'
import { leavesReceipts, retentionOf, type RunParts } from '../parts.ts'
import { contextNow, inSlot, strictest, ticketOf } from './runs.ts'

const latin1 = (text: string): Uint8Array => Buffer.from(text, 'latin1')
const fromLatin1 = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')

type Headers = readonly (readonly [string, Uint8Array])[]

const textHeaders = (headers: Headers): FunctionAnswer['headers'] => headers.map(([key, value]) => [key, fromLatin1(value)] as const)

/** Runs a function once, and answers when its receipt is durable, or at once where the operator wants none. */
export async function invoke(parts: RunParts, name: string, request: FunctionRequest): Promise<FunctionAnswer> {
  const { world, module } = parts.guestNow(aname(name, 'guest'))
  if (world !== 'function')
    throw new UtnetError('guest_world', `${name} is a ${world}, not a function`, { hint: 'utnet call runs contracts' })
  await parts.host.load(module)
  const headers = request.headers.map(([key, value]) => [key, latin1(value)] as const)
  return leavesReceipts(parts.receipting, name)
    ? receipted(parts, name, module, request, headers)
    : unreceipted(parts, module, request, headers)
}

/** Nothing of the run is kept; its seed is of the node's choice. */
async function unreceipted(parts: RunParts, module: CID, request: FunctionRequest, headers: Headers): Promise<FunctionAnswer> {
  const { context } = contextNow(parts)
  const began = performance.now()
  const { response, status, gas } = await parts.host.invoke({
    module,
    request: { method: request.method, path: request.path, headers, body: request.body },
    context: { time: context.time, height: context.height, seed: parts.random(32) },
    gasLimit: BigInt(LIMITS.invokeGas),
  })
  parts.meters.ran('invoke', status, gas, (performance.now() - began) / 1000)
  return {
    status: response.status,
    headers: textHeaders(response.headers),
    body: response.body,
    // Few ask for it, and no receipt needs it.
    get bodySha256() {
      return sha256(response.body)
    },
    receipt: null,
  }
}

async function receipted(parts: RunParts, name: string, module: CID, request: FunctionRequest, headers: Headers): Promise<FunctionAnswer> {
  const { context, chainSeed } = contextNow(parts)
  // The receipt names these bytes and its journal writes them later: they must stay what they were.
  const requestBody = new Uint8Array(request.body)
  const inputSha = sha256(requestBody)
  let secretSalt = new Uint8Array(0)
  const run = parts.receipts.begin({
    module,
    chainSeed,
    input: (salt) => {
      secretSalt = Uint8Array.from(salt)
      return requestOpening(request.method, request.path, withoutSecrets(headers, salt), inputSha)
    },
  })
  const began = performance.now()
  const outcome = await inSlot(run, () =>
    parts.host.invoke({
      module,
      request: { method: request.method, path: request.path, headers, body: requestBody },
      context: { time: context.time, height: context.height, seed: run.seed },
      gasLimit: BigInt(LIMITS.invokeGas),
    }),
  )
  const { response, log } = outcome
  const bodySha256 = sha256(response.body)
  const files = new Map(log.files)
  if (requestBody.length > 0) files.set(toHex(inputSha), requestBody)
  // A caller who does not wait for the disk has the answer before it is written, and may change it.
  const later = request.later === true
  if (response.body.length > 0) files.set(toHex(bodySha256), later ? new Uint8Array(response.body) : response.body)
  const issued = run.finish({
    kind: 'invoke',
    world: 'function',
    entry: 'handle',
    status: outcome.status,
    gas: outcome.gas,
    protocol: PROTOCOL,
    models: modelsField(outcome.models),
    context,
    retention: strictest(retentionOf(parts.retention, name), request.retention),
    output: responseOpening(response.status, withoutSecrets(response.headers, secretSalt), bodySha256),
    log: log.entries.length === 0 ? null : encode([...log.entries]),
    files,
  })
  parts.meters.ran('invoke', outcome.status, outcome.gas, (performance.now() - began) / 1000)
  if (parts.events.heard())
    parts.events.emit({ type: 'receipt', id: issued.id.toString(), kind: 'invoke', status: outcome.status, gas: outcome.gas.toString() })
  return {
    status: response.status,
    headers: textHeaders(response.headers),
    body: response.body,
    bodySha256,
    receipt: await ticketOf(run, issued, outcome.gas, later),
  }
}
