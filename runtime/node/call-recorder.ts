/**
 * Remembers what each call saw while its block was made, so that its proof bundle can show the state that the call read: a stranger then runs it again
 * without the chain. The rows go into the chain's own commits, so that no call is final without its witness.
 */
import { concatBytes, decodeWitness, encode, encodeWitness, sha256, utf8, type CallWitness, type Cbor, type Kv } from '../core/index.ts'
import type { CallNote } from '../consensus/index.ts'

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
  /** Takes a run of the chain. */
  readonly note: (note: CallNote) => void
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

/** A recorder over a store. */
export function createCallRecorder(store: Kv): CallRecorder {
  let recent: { readonly rows: Uint8Array; readonly witness: CallWitness }[] = []
  return {
    note({ entry, args, witness }) {
      const { height, contract, caller } = witness
      recent.push({ rows: rowsOf({ height, contract, caller, entry, args: [...args] }), witness })
    },
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
