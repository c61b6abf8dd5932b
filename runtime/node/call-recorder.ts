/**
 * Remembers what each call read and wrote while its block was made, so that its proof bundle can show the state that the call saw: a stranger then
 * runs it again without the chain. The rows go into the chain's own commits, so that no call is final without its witness.
 */
import {
  concatBytes,
  decodeWitness,
  encode,
  encodeWitness,
  sha256,
  toHex,
  utf8,
  type CallWitness,
  type Cbor,
  type ContractEnv,
  type ContractExecutor,
  type ContractRun,
  type Kv,
} from '../core/index.ts'
import { changesRoot } from '../consensus/index.ts'

/** What tells calls of one block apart; calls that are alike in all of it follow each other in one list. */
export interface CallName {
  readonly height: number
  /** Addresses as text. */
  readonly contract: string
  readonly caller: string
  readonly entry: string
  readonly args: Cbor
}

export interface CallRecorder {
  /** The executor to hand to the chain: runs on the given one and remembers. */
  readonly executor: ContractExecutor
  /** The store to hand to the chain: its commits carry the witnesses of the runs before them. */
  readonly kv: Kv
  /** Witnesses of the runs of this name; more than one where a block ran alike calls, or ran one more than once. */
  find(name: CallName): CallWitness[]
}

const PREFIX = utf8('witness/')

function rowsOf(name: CallName): Uint8Array {
  const height = new Uint8Array(8)
  new DataView(height.buffer).setBigUint64(0, BigInt(name.height))
  return concatBytes(PREFIX, height, sha256(encode([name.contract, name.caller, name.entry, name.args])))
}

const END = Uint8Array.of(0xff)

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

/** A recorder over an executor and a store. Runs below `nextHeight` are queries and leave nothing. */
export function createCallRecorder(inner: ContractExecutor, store: Kv, nextHeight: () => number): CallRecorder {
  let recent: { readonly rows: Uint8Array; readonly witness: CallWitness }[] = []

  const run = (asked: ContractRun): ReturnType<ContractExecutor['run']> => {
    const { caller, contract, height, time, chainId } = asked.env
    if (height < nextHeight()) return inner.run(asked)
    const { env, reads, writes } = noting(asked.env)
    let ok = false
    try {
      const outcome = inner.run({ ...asked, env })
      ok = outcome.status === 'ok'
      return outcome
    } finally {
      // What throws is an outcome too: the chain makes a trap or a refusal of it.
      const rows = rowsOf({ height, contract, caller, entry: asked.entry, args: [...asked.args] })
      const changes = changesRoot(ok ? writes.values() : [])
      recent.push({
        rows,
        witness: { caller, contract, height, time, chainId, gasLimit: asked.gasLimit, reads: [...reads.values()], changes },
      })
    }
  }

  return {
    executor: { run },
    kv: {
      ...store,
      commit(changes) {
        const rows = recent.map(
          ({ rows: at, witness }, i) => [concatBytes(at, utf8(String(i).padStart(6, '0'))), encodeWitness(witness)] as const,
        )
        recent = []
        return store.commit([...changes, ...rows])
      },
    },
    find(name) {
      const from = rowsOf(name)
      return [...store.range(from, concatBytes(from, END))].map(([, bytes]) => decodeWitness(bytes))
    },
  }
}
