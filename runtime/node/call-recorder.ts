/**
 * Remembers what each call read and wrote while its block was made, so that its proof bundle can show the state that the call saw:
 * a stranger then runs it again without the chain. Rows are made durable when the block is final.
 */
import {
  asArray, asBytes, concatBytes, decode, encode, toHex, utf8, type Cbor, type CID, type ContractEnv, type ContractExecutor, type ContractRun, type Kv,
} from '../core/index.ts'
import { changesRoot } from '../consensus/index.ts'

/** What a call saw and did: its environment, the values it read first-hand, the root of its changes. */
export interface CallRecord {
  readonly env: readonly [caller: string, contract: string, height: number, time: number, chainId: string]
  readonly reads: readonly (readonly [Uint8Array, Uint8Array | null])[]
  readonly changes: Uint8Array
  readonly gasLimit: bigint
}

export interface CallRecorder {
  /** The executor to hand to the chain: runs on the given one and remembers. */
  readonly executor: ContractExecutor
  /** Keeps the records of a final block's calls, named by receipt, in block order; forgets the others. */
  keep(calls: readonly { readonly receipt: CID; readonly contract: string; readonly caller: string; readonly entry: string; readonly args: Cbor }[]): Promise<void>
  get(receipt: CID): CallRecord | undefined
}

const PREFIX = utf8('call-record/')
const keyOf = (receipt: CID): Uint8Array => concatBytes(PREFIX, receipt.bytes)
const nameOf = (contract: string, caller: string, entry: string, args: Cbor): string => `${contract} ${caller} ${entry} ${toHex(encode(args))}`

/** The record as a canonical value, for its row and for bundles. */
export function callRecordCbor(r: CallRecord): Cbor {
  return { env: [...r.env], reads: r.reads.map(([k, v]) => [k, v]), changes: r.changes, gasLimit: r.gasLimit }
}

function readRecord(bytes: Uint8Array): CallRecord {
  const map = decode(bytes, 'call record') as Record<string, Cbor>
  return {
    env: asArray(map['env'], 'env', 5) as unknown as CallRecord['env'],
    reads: asArray(map['reads'], 'reads').map((item) => {
      const [key, value] = asArray(item, 'read', 2)
      return [asBytes(key, 'key'), value === null ? null : asBytes(value, 'value')]
    }),
    changes: asBytes(map['changes'], 'changes', 32),
    gasLimit: BigInt(map['gasLimit'] as number | bigint),
  }
}

/** An environment that notes first reads and last writes of the one it wraps. */
function noting(env: ContractEnv): { readonly env: ContractEnv; readonly reads: Map<string, [Uint8Array, Uint8Array | null]>; readonly writes: Map<string, [Uint8Array, Uint8Array | undefined]> } {
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
  let recent: { readonly name: string; readonly record: CallRecord }[] = []
  return {
    executor: {
      run(run: ContractRun) {
        const { env, reads, writes } = noting(run.env)
        const outcome = inner.run({ ...run, env })
        const { caller, contract, height, time, chainId } = run.env
        const changes = changesRoot(outcome.status === 'ok' ? writes.values() : [])
        recent.push({ name: nameOf(contract, caller, run.entry, [...run.args]), record: { env: [caller, contract, height, time, chainId], reads: [...reads.values()], changes, gasLimit: run.gasLimit } })
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
        if (found !== undefined) rows.push([keyOf(receipt), encode(callRecordCbor(found.record))])
      }
      if (rows.length > 0) await kv.commit(rows)
    },
    get(receipt) {
      const bytes = kv.get(keyOf(receipt))
      return bytes === undefined ? undefined : readRecord(bytes)
    },
  }
}
