/**
 * Remembers what each call read and wrote while its block was made, so that its proof bundle can show the state that the call saw:
 * a stranger then runs it again without the chain. Rows are made durable when the block is final.
 */
import {
  concatBytes,
  decodeWitness,
  encode,
  encodeWitness,
  toHex,
  utf8,
  type CallWitness,
  type Cbor,
  type CID,
  type ContractEnv,
  type ContractExecutor,
  type ContractRun,
  type Kv,
} from '../core/index.ts'
import { changesRoot } from '../consensus/index.ts'

export interface CallRecorder {
  /** The executor to hand to the chain: runs on the given one and remembers. */
  readonly executor: ContractExecutor
  /** Keeps the records of a final block's calls, named by receipt, in block order; forgets the others. */
  keep(
    calls: readonly {
      readonly receipt: CID
      readonly contract: string
      readonly caller: string
      readonly entry: string
      readonly args: Cbor
    }[],
  ): Promise<void>
  get(receipt: CID): CallWitness | undefined
}

const PREFIX = utf8('witness/')
const keyOf = (receipt: CID): Uint8Array => concatBytes(PREFIX, receipt.bytes)
const nameOf = (contract: string, caller: string, entry: string, args: Cbor): string =>
  `${contract} ${caller} ${entry} ${toHex(encode(args))}`

/** An environment that notes first reads and last writes of the one it wraps. */
function noting(env: ContractEnv): {
  readonly env: ContractEnv
  readonly reads: Map<string, [Uint8Array, Uint8Array | null]>
  readonly writes: Map<string, [Uint8Array, Uint8Array | undefined]>
} {
  const reads = new Map<string, [Uint8Array, Uint8Array | null]>()
  const writes = new Map<string, [Uint8Array, Uint8Array | undefined]>()
  const wrapped: ContractEnv = {
    caller: env.caller,
    contract: env.contract,
    height: env.height,
    time: env.time,
    chainId: env.chainId,
    get(key) {
      const value = env.get(key)
      const name = toHex(key)
      if (!writes.has(name) && !reads.has(name)) reads.set(name, [key.slice(), value?.slice() ?? null])
      return value
    },
    set(key, value) {
      env.set(key, value)
      writes.set(toHex(key), [key.slice(), value?.slice()])
    },
    emit: (name, data) => env.emit(name, data),
  }
  return { env: wrapped, reads, writes }
}

/** A recorder over an executor, with its rows in a store. */
export function createCallRecorder(inner: ContractExecutor, kv: Kv): CallRecorder {
  let recent: { readonly name: string; readonly witness: CallWitness }[] = []
  return {
    executor: {
      run(run: ContractRun) {
        const { env, reads, writes } = noting(run.env)
        const outcome = inner.run({ ...run, env })
        const { caller, contract, height, time, chainId } = run.env
        const changes = changesRoot(outcome.status === 'ok' ? writes.values() : [])
        recent.push({
          name: nameOf(contract, caller, run.entry, [...run.args]),
          witness: { caller, contract, height, time, chainId, gasLimit: run.gasLimit, reads: [...reads.values()], changes },
        })
        return outcome
      },
    },
    async keep(calls) {
      const rows: (readonly [Uint8Array, Uint8Array])[] = []
      const left = recent
      recent = []
      for (const { receipt, contract, caller, entry, args } of calls) {
        const at = left.findIndex((r) => r.name === nameOf(contract, caller, entry, args))
        if (at < 0) continue
        const [found] = left.splice(at, 1)
        if (found !== undefined) rows.push([keyOf(receipt), encodeWitness(found.witness)])
      }
      if (rows.length > 0) await kv.commit(rows)
    },
    get(receipt) {
      const bytes = kv.get(keyOf(receipt))
      return bytes === undefined ? undefined : decodeWitness(bytes)
    },
  }
}
