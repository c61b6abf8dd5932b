/** Invoking functions. */
import {
  aname,
  PROTOCOL,
  LIMITS,
  modelsField,
  requestOpening,
  responseOpening,
  sha256,
  UtnetError,
  withoutSecrets,
  type CID,
  type FunctionAnswer,
  type FunctionRequest,
  encode,
  fromHex,
} from '../../core/index.ts'
import type { RunFile } from '../../receipts/index.ts'
import { leavesReceipts, retentionOf, type RunParts } from '../parts.ts'
import { announce, contextNow, inSlot, strictest, ticketOf } from './runs.ts'

const EMPTY_SHA256 = sha256(new Uint8Array(0))

const latin1 = (text: string): Uint8Array => Buffer.from(text, 'latin1')
const fromLatin1 = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')

/** Worlds that answer requests. */
const INVOKED: readonly string[] = ['function', 'command', 'library']

type Headers = readonly (readonly [string, Uint8Array])[]

const textHeaders = (headers: Headers): FunctionAnswer['headers'] => headers.map(([key, value]) => [key, fromLatin1(value)] as const)

/** Runs a function once, and answers when its receipt is durable, or at once where the operator wants none. */
export async function invoke(parts: RunParts, name: string, request: FunctionRequest): Promise<FunctionAnswer> {
  const { world, module } = parts.guestNow(aname(name, 'guest'))
  if (!INVOKED.includes(world))
    throw new UtnetError('guest_world', `${name} is a ${world}, which answers no requests`, { hint: 'utnet call runs contracts' })
  await parts.host.load(module)
  const headers = request.headers.map(([key, value]) => [key, latin1(value)] as const)
  return leavesReceipts(parts.receipting, name)
    ? receipted(parts, name, module, request, headers)
    : unreceipted(parts, name, module, request, headers)
}

/** Nothing of the run is kept; its seed is of the node's choice. */
async function unreceipted(
  parts: RunParts,
  name: string,
  module: CID,
  request: FunctionRequest,
  headers: Headers,
): Promise<FunctionAnswer> {
  const { context } = contextNow(parts)
  const began = performance.now()
  const { response, status, gas } = await parts.host.invoke({
    module,
    tenant: name,
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
  const inputSha = requestBody.length === 0 ? EMPTY_SHA256 : sha256(requestBody)
  const run = parts.receipts.begin({
    module,
    chainSeed,
    input: (salt) => requestOpening(request.method, request.path, withoutSecrets(headers, salt), inputSha),
  })
  const began = performance.now()
  const outcome = await inSlot(run, () =>
    parts.host.invoke({
      module,
      tenant: name,
      request: { method: request.method, path: request.path, headers, body: requestBody },
      context: {
        time: context.time,
        height: context.height,
        // Most functions never ask for randomness: their seeds are made with the batch.
        get seed() {
          return run.seed
        },
      },
      gasLimit: BigInt(LIMITS.invokeGas),
    }),
  )
  const { response, log } = outcome
  const bodySha256 = sha256(response.body)
  const files: RunFile[] = log.files.size === 0 ? [] : [...log.files].map(([hash, bytes]) => [fromHex(hash), bytes] as const)
  if (requestBody.length > 0) files.push([inputSha, requestBody])
  // A caller who does not wait for the disk has the answer before it is written, and may change it.
  const later = request.later === true
  if (response.body.length > 0)
    files.push(later ? [new Uint8Array(bodySha256), new Uint8Array(response.body)] : [bodySha256, response.body])
  const issued = run.finish({
    kind: 'invoke',
    world: outcome.world,
    entry: outcome.entry,
    status: outcome.status,
    gas: outcome.gas,
    protocol: PROTOCOL,
    models: modelsField(outcome.models),
    context,
    retention: strictest(retentionOf(parts.retention, name), request.retention),
    output: responseOpening(
      response.status,
      withoutSecrets(response.headers, () => run.secretSalt),
      bodySha256,
    ),
    log: log.entries.length === 0 ? null : encode([...log.entries]),
    files,
  })
  parts.meters.ran('invoke', outcome.status, outcome.gas, (performance.now() - began) / 1000)
  announce(parts, issued, 'invoke', outcome.status, outcome.gas)
  return {
    status: response.status,
    headers: textHeaders(response.headers),
    body: response.body,
    bodySha256,
    receipt: await ticketOf(run, issued, outcome.gas, later),
  }
}
