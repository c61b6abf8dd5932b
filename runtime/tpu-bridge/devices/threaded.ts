/**
 * A device in a thread of its own, so that an inference never holds up the node's event loop, with a deadline per request.
 * A thread that is late or comes down is given up: its requests fail with `device_failed`, its models must be loaded again,
 * and the next load starts a new thread.
 * Does not protect against: native code that never returns keeps its core until the process ends; a crash of native code ends the process.
 */
import { Worker } from 'node:worker_threads'
import { errorOfPlain, LIMITS, UtnetError } from '../../core/index.ts'
import type { Device, LoadedModel } from '../device.ts'
import { deviceWorkerUrl } from './location.ts'
import { factsOf } from './device-of.ts'
import type { GpuProvider } from './onnx-gpu.ts'
import { reason } from './ort-runtime.ts'
import type { Answers, DeviceName, DeviceThreadData, Loaded, Reply, Request } from './thread-protocol.ts'
import type { LazyExact } from './wasm/index.ts'
import { detachable } from './thread-protocol.ts'

/** Times are milliseconds. */
export interface ThreadedOptions {
  /** Longest time of one request in the thread; the default is the limit `tensorRunMs`. */
  readonly deadlineMs?: number
  /** Threads within an operator of `onnx-cpu`, lanes of `wasm`. */
  readonly threads?: number
  /** Provider of `onnx-gpu`. */
  readonly gpu?: GpuProvider
  /** What `wasm` and `simulated-tpu` run. */
  readonly exact?: LazyExact
}

interface Waiting {
  readonly resolve: (value: unknown) => void
  readonly reject: (error: UtnetError) => void
}

/** The device of that name in a thread. The thread starts on first use. */
export function threaded(name: DeviceName, options: ThreadedOptions = {}): Device {
  // the same device unthreaded, asked only for its facts: nothing of it is loaded here
  const facts = factsOf(name, options)
  const deadlineMs = options.deadlineMs ?? LIMITS.tensorRunMs
  let thread: DeviceThread | undefined
  let usable = false

  function current(): DeviceThread {
    if (thread !== undefined && !thread.dead) return thread
    const { exact, gpu, threads } = options
    const guest = exact === undefined || name.startsWith('onnx-') ? undefined : { component: exact.component, ...exact.ready() }
    thread = new DeviceThread({ device: name, threads, gpu, exact: guest }, deadlineMs)
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
  readonly #worker: Worker
  readonly #waiting = new Map<number, Waiting>()
  readonly #name: DeviceName
  readonly #deadlineMs: number
  #ids = 0
  #timer: NodeJS.Timeout | undefined

  constructor(data: DeviceThreadData, deadlineMs: number) {
    this.#name = data.device
    this.#deadlineMs = deadlineMs
    this.#worker = new Worker(deviceWorkerUrl(), { workerData: data, name: data.device })
    // an idle device must not keep the process alive
    this.#worker.unref()
    this.#worker.on('message', (reply: Reply) => this.#settle(reply))
    this.#worker.on('error', (error) => this.#fail(`came down: ${reason(error)}`))
    this.#worker.on('exit', (code) => this.#fail(`ended with code ${code}`))
  }

  ask<R extends Request>(request: R, transfer: readonly ArrayBuffer[] = []): Promise<Answers[R['op']]> {
    if (this.dead) return Promise.reject(this.#error('was restarted; the model must be loaded again'))
    return new Promise<Answers[R['op']]>((resolve, reject) => {
      const id = ++this.#ids
      this.#waiting.set(id, { resolve: resolve as (value: unknown) => void, reject })
      if (this.#waiting.size === 1) {
        this.#worker.ref()
        this.#arm()
      }
      this.#worker.postMessage({ id, request }, transfer)
    })
  }

  async stop(): Promise<void> {
    this.#fail('was closed')
    await this.#worker.terminate()
  }

  #settle(reply: Reply): void {
    const waiting = this.#waiting.get(reply.id)
    this.#waiting.delete(reply.id)
    // requests are served in order, so the deadline of the next one begins now
    this.#arm()
    if (this.#waiting.size === 0) this.#worker.unref()
    if (waiting === undefined) return
    if ('ok' in reply) {
      waiting.resolve(reply.ok)
      return
    }
    const error = errorOfPlain(reply.error)
    waiting.reject(error)
    // after a trap or failed allocation a runtime is not to be trusted: begin afresh
    if (error.code === 'device_failed') this.#fail('was restarted after a failure')
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
    void this.#worker.terminate()
  }

  #error(why: string): UtnetError {
    return new UtnetError('device_failed', `the thread of device ${this.#name} ${why}`, {
      hint: 'ask again; if it stays, the model is too heavy for this node',
    })
  }
}
