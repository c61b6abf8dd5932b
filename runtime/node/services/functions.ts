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
import type { GuestInvocation, GuestOutcome } from '../../host/index.ts'
import type { RunFile } from '../../receipts/index.ts'
import { leavesReceipts, retentionOf, type RunParts } from '../parts.ts'
import { announce, contextNow, inSlot, inSlotUntil, strictest, ticketOf } from './runs.ts'

const NO_BYTES = new Uint8Array(0)
const EMPTY_SHA256 = sha256(NO_BYTES)
const GAS_LIMIT = BigInt(LIMITS.invokeGas)

const latin1 = (text: string): Uint8Array => Buffer.from(text, 'latin1')

/** Values up to here are faster read one by one than by a call into the engine. */
const SHORT = 24

function fromLatin1(bytes: Uint8Array): string {
  if (bytes.length > SHORT) return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
  let text = ''
  for (let i = 0; i < bytes.length; i++) text += String.fromCharCode(bytes[i] as number)
  return text
}

/** Worlds that answer requests. */
const INVOKED: readonly string[] = ['function', 'command', 'library']

type Headers = readonly (readonly [string, Uint8Array])[]

const textHeaders = (headers: Headers): FunctionAnswer['headers'] => headers.map(([key, value]) => [key, fromLatin1(value)] as const)

/** Runs a function once, and answers when its receipt is durable, or at once where the operator wants none: then without a promise if it can. */
export function invoke(parts: RunParts, name: string, request: FunctionRequest): FunctionAnswer | Promise<FunctionAnswer> {
  const { world, module } = parts.guestNow(aname(name, 'guest'))
  if (!INVOKED.includes(world))
    throw new UtnetError('guest_world', `${name} is a ${world}, which answers no requests`, { hint: 'utnet call runs contracts' })
  const serve = leavesReceipts(parts.receipting, name) ? receipted : unreceipted
  return parts.host.loaded(module)
    ? serve(parts, name, module, request)
    : parts.host.load(module).then(() => serve(parts, name, module, request))
}

const headersOf = ({ headers }: FunctionRequest): Headers => headers.map(([key, value]) => [key, latin1(value)] as const)

/** The context of a run; its seed is made when the guest first asks, as most never do. */
class LazyContext {
  readonly time: number
  readonly height: number
  readonly #make: () => Uint8Array
  #seed: Uint8Array | undefined

  constructor({ time, height }: { readonly time: number; readonly height: number }, make: () => Uint8Array) {
    this.time = time
    this.height = height
    this.#make = make
  }

  get seed(): Uint8Array {
    this.#seed ??= this.#make()
    return this.#seed
  }
}

/** Nothing of the run is kept; its seed is of the node's choice. */
function unreceipted(parts: RunParts, name: string, module: CID, request: FunctionRequest): FunctionAnswer | Promise<FunctionAnswer> {
  const { context } = contextNow(parts)
  const { method, path, body } = request
  const invocation: GuestInvocation = {
    module,
    tenant: name,
    request: { method, path, headers: headersOf(request), body },
    context: new LazyContext(context, () => parts.random(32)),
    gasLimit: GAS_LIMIT,
  }
  const began = performance.now()
  const finish = ({ response, status, gas }: GuestOutcome): FunctionAnswer => {
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
  const now = parts.host.invokeNow(invocation)
  return now === undefined ? parts.host.invoke(invocation).then(finish) : finish(now)
}

function receipted(parts: RunParts, name: string, module: CID, request: FunctionRequest): Promise<FunctionAnswer> {
  const { context, chainSeed } = contextNow(parts)
  const headers = headersOf(request)
  // The receipt names these bytes and its journal writes them later: they must stay what they were.
  const requestBody = request.body.length === 0 ? NO_BYTES : new Uint8Array(request.body)
  const inputSha = requestBody.length === 0 ? EMPTY_SHA256 : sha256(requestBody)
  const run = parts.receipts.begin({
    module,
    chainSeed,
    input: (salt) => requestOpening(request.method, request.path, withoutSecrets(headers, salt), inputSha),
  })
  const invocation: GuestInvocation = {
    module,
    tenant: name,
    request: { method: request.method, path: request.path, headers, body: requestBody },
    context: new LazyContext(context, () => run.seed),
    gasLimit: GAS_LIMIT,
  }
  const began = performance.now()
  const answered = (outcome: GuestOutcome): Promise<FunctionAnswer> => {
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
    const { status, body } = response
    const shown = textHeaders(response.headers)
    return ticketOf(run, issued, outcome.gas, later).then((receipt) => ({ status, headers: shown, body, bodySha256, receipt }))
  }
  const now = inSlot(run, () => parts.host.invokeNow(invocation))
  return now === undefined ? inSlotUntil(run, () => parts.host.invoke(invocation)).then(answered) : answered(now)
}
