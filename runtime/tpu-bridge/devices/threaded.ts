/**
 * A device in a thread of its own, so that an inference never holds up the node's event loop, with a deadline per request; one on an ONNX Runtime in a process of its own, with a
 * limit of its memory too. One that is late, too large or comes down is given up: its requests fail with `device_failed`, its models must be loaded again, and the next load
 * starts a new one.
 * Does not protect against: native code that does as it likes within its own process, which has the rights of the node.
 */
import { errorOfPlain, LIMITS, UtnetError } from '../../core/index.ts'
import type { Device, LoadedModel } from '../device.ts'
import { anAnswer } from './answers.ts'
import { processCarrier, threadCarrier, type Carrier, type CarrierEvents } from './carrier.ts'
import { factsOf } from './device-of.ts'
import type { GpuProvider } from './onnx-gpu.ts'
import { reason } from './ort-runtime.ts'
import { detachable, APART, type Answers, type DeviceName, type Loaded, type Reply, type Request } from './thread-protocol.ts'
import type { LazyExact } from './wasm/index.ts'

/** Times are milliseconds. */
export interface ThreadedOptions {
  /** Longest time of one request in the thread; the default is the limit `tensorRunMs`. */
  readonly deadlineMs?: number
  /** Resident bytes that a process may come to; the default is the limit `deviceBytes`. */
  readonly memoryBytes?: number
  /** Threads within an operator of `onnx-cpu`, lanes of `wasm`. */
  readonly threads?: number
  /** Provider of `onnx-gpu`. */
  readonly gpu?: GpuProvider
  /** What `wasm` and `simulated-tpu` run. */
  readonly exact?: LazyExact
}

/** So much later a process ends itself, where nobody has done it. */
const SLACK_MS = 1_000

interface Waiting {
  readonly op: Request['op']
  readonly resolve: (value: unknown) => void
  readonly reject: (error: UtnetError) => void
}

/** The device of that name in a thread, or a process, which starts on first use. */
export function threaded(name: DeviceName, options: ThreadedOptions = {}): Device {
  // the same device unthreaded, asked only for its facts: nothing of it is loaded here
  const facts = factsOf(name, options)
  const deadlineMs = options.deadlineMs ?? LIMITS.tensorRunMs
  let thread: DeviceThread | undefined
  let usable = false

  function carry(events: CarrierEvents): Carrier {
    const { exact, gpu, threads, memoryBytes = LIMITS.deviceBytes } = options
    const given = { device: name, threads, gpu }
    const guest = name.startsWith('onnx-') ? undefined : exact
    return APART.has(name)
      ? processCarrier(
          { ...given, exact: guest && { component: guest.component, ...guest.code() }, memoryBytes, deadlineMs: deadlineMs + SLACK_MS },
          events,
        )
      : threadCarrier({ ...given, exact: guest && { component: guest.component, ...guest.ready() } }, events)
  }

  function current(): DeviceThread {
    if (thread !== undefined && !thread.dead) return thread
    thread = new DeviceThread(name, deadlineMs, carry)
    return thread
  }

  return {
    id: facts.id,
    class: facts.class,
    arithmetic: facts.arithmetic,
    ...(facts.place === undefined ? {} : { place: facts.place }),
    async available() {
      // asked before every inference, so not to stand in line behind a long run once the answer is known
      if (usable) return true
      try {
        await current().ask({ op: 'available' })
        usable = true
        return true
      } catch (error) {
        return error as UtnetError
      }
    },
    async load(bytes, model) {
      const at = current()
      const own = new Uint8Array(bytes)
      const loaded = await at.ask({ op: 'load', bytes: own, model: model.toString() }, [own.buffer])
      return handleOf(at, loaded)
    },
    async close() {
      await thread?.stop()
      thread = undefined
    },
  }
}

function handleOf(thread: DeviceThread, { handle, inputs, outputs, bytes }: Loaded): LoadedModel {
  return {
    inputs,
    outputs,
    bytes,
    gone: () => thread.dead,
    run(given) {
      const { tensors, buffers } = detachable(given)
      return thread.ask({ op: 'run', handle, inputs: tensors }, buffers)
    },
    verified(given) {
      const { tensors, buffers } = detachable(given)
      return thread.ask({ op: 'verified', handle, inputs: tensors }, buffers)
    },
    async close() {
      if (!thread.dead) await thread.ask({ op: 'close', handle })
    },
  }
}

class DeviceThread {
  dead = false
  readonly #carrier: Carrier
  readonly #waiting = new Map<number, Waiting>()
  readonly #name: DeviceName
  readonly #deadlineMs: number
  #ids = 0
  #timer: NodeJS.Timeout | undefined

  constructor(name: DeviceName, deadlineMs: number, carry: (events: CarrierEvents) => Carrier) {
    this.#name = name
    this.#deadlineMs = deadlineMs
    this.#carrier = carry({ replied: (reply) => this.#settle(reply), ended: (why) => this.#fail(why) })
  }

  ask<R extends Request>(request: R, transfer: readonly ArrayBuffer[] = []): Promise<Answers[R['op']]> {
    if (this.dead) return Promise.reject(this.#error('was restarted; the model must be loaded again'))
    return new Promise<Answers[R['op']]>((resolve, reject) => {
      const id = ++this.#ids
      this.#carrier.post({ id, request }, transfer)
      this.#waiting.set(id, { op: request.op, resolve: resolve as (value: unknown) => void, reject })
      if (this.#waiting.size === 1) {
        // an idle device must not keep the process alive
        this.#carrier.hold(true)
        this.#arm()
      }
    })
  }

  async stop(): Promise<void> {
    this.#fail('was closed')
    await this.#carrier.stop()
  }

  #settle(reply: Reply): void {
    if (this.dead) return
    const waiting = this.#waiting.get(reply.id)
    let answer: Answers[keyof Answers] | UtnetError
    try {
      if (waiting === undefined) throw new Error(`nothing was asked under number ${reply.id}`)
      answer = 'ok' in reply ? anAnswer(waiting.op, reply.ok) : errorOfPlain(reply.error)
    } catch (error) {
      this.#fail(`gave an answer that is none: ${reason(error)}`)
      return
    }
    this.#waiting.delete(reply.id)
    // requests are served in order, so the deadline of the next one begins now
    this.#arm()
    if (this.#waiting.size === 0) this.#carrier.hold(false)
    if (!(answer instanceof UtnetError)) {
      waiting.resolve(answer)
      return
    }
    waiting.reject(answer)
    // after a trap or failed allocation a runtime is not to be trusted: begin afresh
    if (answer.code === 'device_failed') this.#fail('was restarted after a failure')
  }

  #arm(): void {
    clearTimeout(this.#timer)
    if (this.#waiting.size > 0) this.#timer = setTimeout(() => this.#fail(`gave no answer within ${this.#deadlineMs} ms`), this.#deadlineMs)
  }

  #fail(why: string): void {
    if (this.dead) return
    this.dead = true
    clearTimeout(this.#timer)
    for (const { reject } of this.#waiting.values()) reject(this.#error(why))
    this.#waiting.clear()
    void this.#carrier.stop()
  }

  #error(why: string): UtnetError {
    return new UtnetError('device_failed', `the thread of device ${this.#name} ${why}`, {
      hint: 'ask again; if it stays, the model is too heavy for this node',
    })
  }
}
