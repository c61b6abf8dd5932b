/**
 * Remembers what each call saw while its block was made, so that its proof bundle can show the state that the call read: a stranger then runs it again
 * without the chain. The rows go into the chain's own commits, so that no call is final without its witness.
 */
import {
  appendCbor,
  concatBytes,
  copyInto,
  decodeWitness,
  encode,
  encodeWitness,
  Messages,
  sha256,
  utf8,
  type CallWitness,
  type Cbor,
  type Kv,
} from '../core/index.ts'
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
const AT = PREFIX.length
const KEY_BYTES = AT + 8 + 32
/** Digits of the number that tells alike calls of one block apart. */
const DIGITS = 6

/** What the digest in a row's key is over. */
const nameCbor = ({ contract, caller, entry, args }: CallName): Cbor => [contract, caller, entry, args]

/** The key of a row, or the beginning of it. */
function putKey(key: Uint8Array, height: number, digests: Uint8Array, at: number): Uint8Array {
  key.set(PREFIX)
  new DataView(key.buffer).setBigUint64(AT, BigInt(height))
  copyInto(key, AT + 8, digests, at, 32)
  return key
}

function rowsOf(name: CallName): Uint8Array {
  return putKey(new Uint8Array(KEY_BYTES), name.height, sha256(encode(nameCbor(name))), 0)
}

/** The rows of runs, their keys hashed together. */
function rows(notes: readonly CallNote[]): (readonly [Uint8Array, Uint8Array])[] {
  const messages = new Messages(4_096)
  for (const { entry, args, witness } of notes) {
    const { height, contract, caller } = witness
    appendCbor(messages, nameCbor({ height, contract, caller, entry, args: [...args] }))
    messages.end()
  }
  const digests = messages.hash()
  return notes.map(({ witness }, i) => {
    const key = putKey(new Uint8Array(KEY_BYTES + DIGITS), witness.height, digests, 32 * i)
    key.set(utf8(String(i).padStart(DIGITS, '0')), KEY_BYTES)
    return [key, encodeWitness(witness)]
  })
}

const END = Uint8Array.of(0xff)

/** A recorder over a store. */
export function createCallRecorder(store: Kv): CallRecorder {
  let recent: CallNote[] = []
  return {
    note: (note) => void recent.push(note),
    kv: {
      ...store,
      commit(changes) {
        if (recent.length === 0) return store.commit(changes)
        const made = rows(recent)
        recent = []
        return store.commit([...changes, ...made])
      },
    },
    find(name) {
      const from = rowsOf(name)
      return [...store.range(from, concatBytes(from, END))].map(([, bytes]) => decodeWitness(bytes))
    },
  }
}
