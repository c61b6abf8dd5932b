/** Checks of many signatures in threads beside the one that asks. */
import { Worker } from 'node:worker_threads'
import { LIMITS, type SignatureCheck } from '../../core/index.ts'
import { verifyEd25519Many } from '../ed25519-native.ts'
import { packChecks, type VerifyReply, type VerifyRequest } from './wire.ts'

/** Fewer are done sooner than handed over. */
const FEW = 8

const bundled = !import.meta.url.endsWith('.ts')
const WORKER = new URL(bundled ? './verify-worker.js' : './verify-worker.ts', import.meta.url)

export interface Verifiers {
  /** Of each check whether its signature is valid, as `verifyEd25519` says, in their order. Never rejects. */
  check(checks: readonly SignatureCheck[]): Promise<readonly boolean[]>
  /** Ends the threads; what they had not done is done here. */
  close(): Promise<void>
}

interface Part {
  readonly checks: readonly SignatureCheck[]
  readonly done: (valid: ArrayLike<number | boolean>) => void
}

/** One thread, started when it is first needed. Where it comes down, what it was asked is checked on this thread, and all that comes later. */
class Verifier {
  readonly #waiting = new Map<number, Part>()
  #worker: Worker | undefined
  #ids = 0
  #down = false

  get waiting(): number {
    let count = 0
    for (const { checks } of this.#waiting.values()) count += checks.length
    return count
  }

  check(checks: readonly SignatureCheck[]): Promise<ArrayLike<number | boolean>> {
    if (this.#down) return Promise.resolve(verifyEd25519Many(checks))
    this.#worker ??= this.#start()
    this.#worker.ref()
    const id = this.#ids++
    const packed = packChecks(checks)
    const request: VerifyRequest = { id, checks: packed, count: checks.length }
    return new Promise((done) => {
      this.#waiting.set(id, { checks, done })
      this.#worker?.postMessage(request, [packed.buffer])
    })
  }

  #start(): Worker {
    const worker = new Worker(WORKER, { name: 'signatures' })
    worker.on('message', ({ id, valid }: VerifyReply) => {
      const part = this.#waiting.get(id)
      this.#waiting.delete(id)
      // it does not keep the process alive while it has nothing to do
      if (this.#waiting.size === 0) worker.unref()
      part?.done(valid)
    })
    worker.on('error', () => this.#end())
    worker.on('exit', () => this.#end())
    return worker
  }

  #end(): void {
    this.#down = true
    const left = [...this.#waiting.values()]
    this.#waiting.clear()
    for (const { checks, done } of left) done(verifyEd25519Many(checks))
  }

  async close(): Promise<void> {
    this.#down = true
    await this.#worker?.terminate()
    this.#end()
  }
}

/**
 * So many threads; 0 checks everything on this one. A key goes to the same thread each time, which knows it then. What is over
 * `LIMITS.signaturesWaiting` is checked on this thread: whoever asks for more than the threads can do waits for it.
 */
export function openVerifiers(threads: number): Verifiers {
  const verifiers = Array.from({ length: threads }, () => new Verifier())
  return {
    async check(checks) {
      const fit = checks.every((c) => c.signature.length === 64 && c.key.length === 32)
      const waiting = verifiers.reduce((n, v) => n + v.waiting, 0)
      if (threads === 0 || checks.length < FEW || !fit || waiting + checks.length > LIMITS.signaturesWaiting)
        return verifyEd25519Many(checks)
      const shares = verifiers.map((): number[] => [])
      for (const [i, { key }] of checks.entries()) shares[((key[0] as number) ^ (key[31] as number)) % threads]?.push(i)
      const answers: boolean[] = Array.from({ length: checks.length }, () => false)
      await Promise.all(
        shares.map(async (share, thread) => {
          if (share.length === 0) return
          const valid = await (verifiers[thread] as Verifier).check(share.map((i) => checks[i] as SignatureCheck))
          for (const [k, i] of share.entries()) answers[i] = Boolean(valid[k])
        }),
      )
      return answers
    },
    async close() {
      await Promise.all(verifiers.map((v) => v.close()))
    },
  }
}
