/** Invoking functions. */
import {
  aname,
  LIMITS,
  modelsField,
  sha256,
  UtnetError,
  type CID,
  type FunctionAnswer,
  type FunctionAsker,
  type FunctionRequest,
  type ReceiptTicket,
  type RunEnd,
  encode,
  fromHex,
  toHex,
  type HostLog,
} from '../../core/index.ts'
import { lookedAt, type GuestInvocation, type GuestOutcome, type HttpRequest, type HttpResponse } from '../../host/index.ts'
import type { RunFile } from '../../receipts/index.ts'
import type { FunctionRun } from '../receipts/index.ts'
import { leavesReceipts, retentionOf, type RunParts } from '../parts.ts'
import { latin1Headers, textHeaders } from './latin1.ts'
import { contextNow, inSlot, inSlotUntil, strictest, type RunContext } from './runs.ts'

const GAS_LIMIT = BigInt(LIMITS.invokeGas)

/** Worlds that answer requests. */
const INVOKED: readonly string[] = ['function', 'command', 'library']

/** What gives a promise, or tells who asked. */
type Told = Promise<FunctionAnswer> | undefined

/**
 * Runs a function once, and answers when its receipt is durable, or at once where the operator wants none. Where nothing but the receipt is waited for, `asker`
 * is told: a promise for each answer would take a microsecond of thirty.
 */
export function invoke(parts: RunParts, name: string, request: FunctionRequest, asker: FunctionAsker): Told {
  const { world, module } = parts.guestNow(aname(name, 'guest'))
  if (!INVOKED.includes(world)) {
    const [what, hint] = world === 'operator' ? ['an operator', 'utnet infer runs operators'] : [`a ${world}`, 'utnet call runs contracts']
    throw new UtnetError('guest_world', `${name} is ${what}, which answers no requests`, { hint })
  }
  const serve = leavesReceipts(parts.receipting, name) ? receipted : unreceipted
  return parts.host.loaded(module)
    ? serve(parts, name, module, request, asker)
    : parts.host.load(module).then(() => promised((told) => serve(parts, name, module, request, told)))
}

/** The same as a promise. */
export const promised = (call: (asker: FunctionAsker) => Told): Promise<FunctionAnswer> =>
  new Promise((resolve, reject) => {
    const given = call({ answered: resolve, failed: reject })
    if (given !== undefined) resolve(given)
  })

/** The same, as an answer that can go to another thread: it holds what others make when they are asked. */
export async function invokeWhole(parts: RunParts, name: string, request: FunctionRequest): Promise<FunctionAnswer> {
  const answer = await promised((asker) => invoke(parts, name, request, asker))
  return { ...answer, bodySha256: answer.bodySha256 }
}

/** A request as the guest sees it; its headers are made when the guest first asks. */
class GuestRequest implements HttpRequest {
  readonly method: string
  readonly path: string
  readonly body: Uint8Array
  readonly #of: FunctionRequest
  #headers: HttpRequest['headers'] | undefined

  constructor(request: FunctionRequest) {
    this.method = request.method
    this.path = request.path
    this.body = request.body
    this.#of = request
  }

  get headers(): HttpRequest['headers'] {
    return (this.#headers ??= latin1Headers(this.#of.headers))
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

/** An answer, with the receipt's ticket where there is one. */
class Answer implements FunctionAnswer {
  readonly status: number
  readonly headers: FunctionAnswer['headers']
  readonly body: Uint8Array
  readonly receipt: ReceiptTicket | null
  readonly failure: RunEnd | undefined

  constructor({ status, headers, body }: HttpResponse, receipt: ReceiptTicket | null, failure?: RunEnd) {
    this.receipt = receipt
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
function unreceipted(parts: RunParts, name: string, module: CID, request: FunctionRequest, asker: FunctionAsker): Told {
  const { context } = contextNow(parts)
  const invocation: GuestInvocation = {
    module,
    tenant: name,
    request: new GuestRequest(request),
    context: new LazyContext(context, () => parts.random(32)),
    gasLimit: GAS_LIMIT,
  }
  const began = performance.now()
  const answered = (outcome: GuestOutcome, to: FunctionAsker): Told => {
    const { response, status, gas } = outcome
    parts.meters.ran('invoke', status, gas, (performance.now() - began) / 1000)
    const shown = status === 'ok' ? undefined : failureShown(parts, name, module, outcome)
    if (shown !== undefined) return shown.then((failure) => new Answer(response, null, failure))
    to.answered(new Answer(response, null))
    return undefined
  }
  const now = parts.host.invokeNow(invocation)
  return now === undefined
    ? parts.host.invoke(invocation).then((outcome) => promised((told) => answered(outcome, told)))
    : answered(now, asker)
}

/** Where a run ended that did not complete; undefined where what runs see is not for everybody. */
function failureShown(parts: RunParts, name: string, module: CID, outcome: GuestOutcome): Promise<RunEnd> | undefined {
  return retentionOf(parts.retention, name) === 'public' ? parts.lines(name, module, outcome) : undefined
}

function receipted(parts: RunParts, name: string, module: CID, request: FunctionRequest, asker: FunctionAsker): Told {
  const { context, chainSeed } = contextNow(parts)
  // The receipt names these bytes: they must stay what they were.
  const kept = request.body.length === 0 ? request : { ...request, body: new Uint8Array(request.body) }
  const run = parts.functionReceipts.begin({ module, chainSeed, request: kept })
  const invocation: GuestInvocation = {
    module,
    tenant: name,
    request: new GuestRequest(kept),
    context: new LazyContext(context, () => run.seed),
    gasLimit: GAS_LIMIT,
  }
  const ending: Ending = { parts, name, module, request, context, run, began: performance.now() }
  const now = inSlot(run, () => parts.host.invokeNow(invocation))
  if (now === undefined)
    return inSlotUntil(run, () => parts.host.invoke(invocation)).then((outcome) =>
      promised((told) => receiptedAnswer(ending, outcome, told)),
    )
  return receiptedAnswer(ending, now, asker)
}

interface Ending {
  readonly parts: RunParts
  readonly name: string
  readonly module: CID
  readonly request: FunctionRequest
  readonly context: RunContext
  readonly run: FunctionRun
  readonly began: number
}

const NO_FILES: readonly RunFile[] = []

/** The files of a log that are kept with it. Mounted ones are in the store already, and a bundle takes them from there (`services/proofs.ts`). */
function keptOf({ entries, files }: HostLog): readonly RunFile[] {
  if (files.size === 0) return NO_FILES
  const stored = new Set(lookedAt(entries).map(({ hash }) => toHex(hash)))
  return [...files].filter(([hash]) => !stored.has(hash)).map(([hash, bytes]) => [fromHex(hash), bytes] as const)
}

/** Tells the asker; gives nothing. */
function receiptedAnswer(
  { parts, name, module, request, context, run, began }: Ending,
  outcome: GuestOutcome,
  asker: FunctionAsker,
): undefined {
  const { response, log, world, entry, status, gas } = outcome
  const failing = status === 'ok' ? undefined : failureShown(parts, name, module, outcome)
  parts.meters.ran('invoke', status, gas, (performance.now() - began) / 1000)
  run.finish(
    {
      world,
      entry,
      status,
      gas,
      models: modelsField(outcome.models),
      context,
      retention: strictest(retentionOf(parts.retention, name), request.retention),
      response,
      log: log.entries.length === 0 ? null : encode([...log.entries]),
      files: keptOf(log),
      later: request.later === true,
    },
    (failure, ticket) => {
      if (ticket === undefined) return asker.failed(failure)
      if (parts.events.heard()) parts.events.emit({ type: 'receipt', id: ticket.id, kind: 'invoke', status, gas: gas.toString() })
      if (failing === undefined) asker.answered(new Answer(response, ticket))
      else void failing.then((end) => asker.answered(new Answer(response, ticket, end)))
    },
  )
}
