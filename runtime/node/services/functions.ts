/** Invoking functions. */
import {
  PROTOCOL,
  LIMITS,
  modelsField,
  requestOpening,
  responseOpening,
  sha256,
  toHex,
  withoutSecrets,
  type FunctionAnswer,
  type FunctionRequest,
  encode,
} from '../../core/index.ts'
import { retentionOf, type Parts } from '../parts.ts'
import { guestOf } from './guests.ts'
import { contextNow, inSlot, strictest, ticketOf } from './runs.ts'

const latin1 = (text: string): Uint8Array => Buffer.from(text, 'latin1')
const fromLatin1 = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')

/** Worlds that answer requests. */
const INVOKED = ['function', 'command', 'library'] as const

/** Runs a function once, and answers when its receipt is durable. */
export async function invoke(parts: Parts, name: string, request: FunctionRequest): Promise<FunctionAnswer> {
  const { info } = await guestOf(parts, name, INVOKED, 'utnet call runs contracts')
  const { context, chainSeed } = contextNow(parts)
  const headers = request.headers.map(([key, value]) => [key, latin1(value)] as const)
  // The receipt names these bytes and its journal writes them later: they must stay what they were.
  const requestBody = new Uint8Array(request.body)
  const inputSha = sha256(requestBody)
  let secretSalt = new Uint8Array(0)
  const run = parts.receipts.begin({
    module: info.module,
    chainSeed,
    input: (salt) => {
      secretSalt = Uint8Array.from(salt)
      return requestOpening(request.method, request.path, withoutSecrets(headers, salt), inputSha)
    },
  })
  const began = performance.now()
  const outcome = await inSlot(run, () =>
    parts.host.invoke({
      module: info.module,
      request: { method: request.method, path: request.path, headers, body: requestBody },
      context: { time: context.time, height: context.height, seed: run.seed },
      gasLimit: BigInt(LIMITS.invokeGas),
      tenant: name,
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
    world: outcome.world,
    entry: outcome.entry,
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
  parts.events.emit({ type: 'receipt', id: issued.id.toString(), kind: 'invoke', status: outcome.status, gas: outcome.gas.toString() })
  return {
    status: response.status,
    headers: response.headers.map(([key, value]) => [key, fromLatin1(value)] as const),
    body: response.body,
    bodySha256,
    receipt: await ticketOf(run, issued, outcome.gas, later),
  }
}
