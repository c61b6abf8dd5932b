/** What a function takes on this machine, for people who choose a language: never part of a result. */
import { LIMITS, UtnetError, utf8, type RunStatus } from '../core/index.ts'
import { createHost } from '../host/index.ts'

/** What was measured. */
export interface Trial {
  /** Milliseconds to validate, prepare and compile it. */
  readonly loadMs: number
  /** Milliseconds of the first call and the median of some that follow. */
  readonly firstCallMs: number
  readonly callMs: number
  readonly gas: bigint
  /** How the last call ended. */
  readonly status: RunStatus
}

const CALLS = 9
const EMPTY = new Uint8Array(0)
const ZERO_SEED = new Uint8Array(32)

/** Calls a function with `GET /`. */
export async function tryFunction(component: Uint8Array): Promise<Trial> {
  const refuse = (): Promise<never> => Promise.reject(new UtnetError('block_not_found', 'a trial has no files'))
  const host = createHost({ files: { putFile: refuse, getFile: refuse } })
  const loading = performance.now()
  const { module } = await host.admit(component)
  const loadMs = performance.now() - loading
  let gas = 0n
  let status: RunStatus = 'ok'
  const call = async (): Promise<number> => {
    const began = performance.now()
    const outcome = await host.invoke({
      module,
      request: { method: 'GET', path: '/', headers: [['host', utf8('localhost')]], body: EMPTY },
      context: { time: 0, height: 0, seed: ZERO_SEED },
      gasLimit: BigInt(LIMITS.invokeGas),
    })
    gas = outcome.gas
    status = outcome.status
    return performance.now() - began
  }
  const firstCallMs = await call()
  const times: number[] = []
  for (let i = 0; i < CALLS; i++) times.push(await call())
  return { loadMs, firstCallMs, callMs: times.sort((a, b) => a - b)[CALLS >> 1] as number, gas, status }
}
