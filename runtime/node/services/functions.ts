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
  type RunEnd,
  encode,
  fromHex,
} from '../../core/index.ts'
import type { GuestInvocation, GuestOutcome, HttpRequest, HttpResponse } from '../../host/index.ts'
import type { RunFile } from '../../receipts/index.ts'
import { leavesReceipts, retentionOf, type RunParts } from '../parts.ts'
import { announce, contextNow, inSlot, inSlotUntil, strictest, withTicket } from './runs.ts'

const NO_BYTES = new Uint8Array(0)
const EMPTY_SHA256 = sha256(NO_BYTES)
const GAS_LIMIT = BigInt(LIMITS.invokeGas)

const latin1 = (text: string): Uint8Array => Buffer.from(text, 'latin1')

/** Values up to here are read through one buffer: small arrays have none of their own before they are asked for it, which costs more than a copy. */
const SHORT = 1_024
const scratch = Buffer.allocUnsafeSlow(SHORT)

function fromLatin1(bytes: Uint8Array): string {
  if (bytes.length > SHORT) return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
  scratch.set(bytes)
  return scratch.toString('latin1', 0, bytes.length)
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

/** The same, as an answer that can go to another thread: it holds what others make when they are asked. */
export async function invokeWhole(parts: RunParts, name: string, request: FunctionRequest): Promise<FunctionAnswer> {
  const answer = await invoke(parts, name, request)
  return answer.receipt === null ? { ...answer, bodySha256: answer.bodySha256 } : answer
}

const headersOf = ({ headers }: FunctionRequest): Headers => headers.map(([key, value]) => [key, latin1(value)] as const)

/** A request as the guest sees it; its headers are made when the guest first asks. */
class GuestRequest implements HttpRequest {
  readonly method: string
  readonly path: string
  readonly body: Uint8Array
  readonly #of: FunctionRequest
  #headers: Headers | undefined

  constructor(request: FunctionRequest) {
    this.method = request.method
    this.path = request.path
    this.body = request.body
    this.#of = request
  }

  get headers(): Headers {
    return (this.#headers ??= headersOf(this.#of))
  }
}

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

/** An answer without a receipt. */
class Unreceipted implements FunctionAnswer {
  readonly status: number
  readonly headers: FunctionAnswer['headers']
  readonly body: Uint8Array
  readonly receipt = null
  readonly failure: RunEnd | undefined

  constructor({ status, headers, body }: HttpResponse, failure?: RunEnd) {
    this.status = status
    this.headers = textHeaders(headers)
    this.body = body
    this.failure = failure
  }

  /** Few ask for it. */
  get bodySha256(): Uint8Array {
    return sha256(this.body)
  }
}

/** Nothing of the run is kept; its seed is of the node's choice. */
function unreceipted(parts: RunParts, name: string, module: CID, request: FunctionRequest): FunctionAnswer | Promise<FunctionAnswer> {
  const { context } = contextNow(parts)
  const invocation: GuestInvocation = {
    module,
    tenant: name,
    request: new GuestRequest(request),
    context: new LazyContext(context, () => parts.random(32)),
    gasLimit: GAS_LIMIT,
  }
  const began = performance.now()
  const now = parts.host.invokeNow(invocation)
  return now === undefined
    ? parts.host.invoke(invocation).then((outcome) => unreceiptedAnswer(parts, name, module, outcome, began))
    : unreceiptedAnswer(parts, name, module, now, began)
}

function unreceiptedAnswer(
  parts: RunParts,
  name: string,
  module: CID,
  outcome: GuestOutcome,
  began: number,
): FunctionAnswer | Promise<FunctionAnswer> {
  const { response, status, gas } = outcome
  parts.meters.ran('invoke', status, gas, (performance.now() - began) / 1000)
  const shown = status === 'ok' ? undefined : failureShown(parts, name, module, outcome)
  return shown === undefined ? new Unreceipted(response) : shown.then((failure) => new Unreceipted(response, failure))
}

/** Where a run ended that did not complete; undefined where what runs see is not for everybody. */
function failureShown(parts: RunParts, name: string, module: CID, outcome: GuestOutcome): Promise<RunEnd> | undefined {
  return retentionOf(parts.retention, name) === 'public' ? parts.lines(name, module, outcome) : undefined
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
    const answer = withTicket(run, issued, outcome.gas, later, (receipt) => ({ status, headers: shown, body, bodySha256, receipt }))
    const failing = outcome.status === 'ok' ? undefined : failureShown(parts, name, module, outcome)
    return failing === undefined ? answer : failing.then(async (failure) => ({ ...(await answer), failure }))
  }
  const now = inSlot(run, () => parts.host.invokeNow(invocation))
  return now === undefined ? inSlotUntil(run, () => parts.host.invoke(invocation)).then(answered) : answered(now)
}
