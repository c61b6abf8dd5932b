/**
 * Remembers what each call saw while its block was made, so that its proof bundle can show the state that the call read: a stranger then runs it again
 * without the chain. The rows go into the chain's own commits, so that no call is final without its witness.
 */
import {
  appendCbor,
  copyInto,
  decodeWitness,
  encode,
  encodeWitness,
  equalBytes,
  Messages,
  sha256,
  utf8,
  UtnetError,
  type CallWitness,
  type Cbor,
  type Kv,
} from '../../core/index.ts'
import type { CallNote } from '../../consensus/index.ts'

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

/** One row for all runs of a block that were noted before a commit: `witnesses/`, height, which of the block's rows it is. */
const ROWS = utf8('witnesses/')
/** Of a run in a row: digest of its name, length of its witness, the witness. */
const DIGEST = 32
const HEAD = DIGEST + 4

/** What the digest is over. */
const nameCbor = ({ contract, caller, entry, args }: CallName): Cbor => [contract, caller, entry, args]

function rowKey(height: number, part: number): Uint8Array {
  const key = new Uint8Array(ROWS.length + 12)
  key.set(ROWS)
  const view = new DataView(key.buffer, ROWS.length)
  view.setBigUint64(0, BigInt(height))
  view.setUint32(8, part)
  return key
}

/** All rows of a height lie between these. */
const rowsOf = (height: number): readonly [Uint8Array, Uint8Array] => [rowKey(height, 0), rowKey(height + 1, 0)]

/** The row of runs, the digests of their names hashed together. */
function writeRow(notes: readonly CallNote[]): Uint8Array {
  const messages = new Messages(4_096)
  for (const { entry, args, witness } of notes) {
    const { height, contract, caller } = witness
    appendCbor(messages, nameCbor({ height, contract, caller, entry, args: [...args] }))
    messages.end()
  }
  const digests = messages.hash()
  const witnesses = notes.map(({ witness }) => encodeWitness(witness))
  const row = new Uint8Array(witnesses.reduce((n, witness) => n + HEAD + witness.length, 0))
  const view = new DataView(row.buffer)
  let at = 0
  for (const [i, witness] of witnesses.entries()) {
    copyInto(row, at, digests, DIGEST * i, DIGEST)
    view.setUint32(at + DIGEST, witness.length)
    row.set(witness, at + HEAD)
    at += HEAD + witness.length
  }
  return row
}

/** Witnesses of a row whose run has a name of this digest. */
function* inRow(row: Uint8Array, digest: Uint8Array): Generator<Uint8Array> {
  const view = new DataView(row.buffer, row.byteOffset, row.length)
  for (let at = 0; at < row.length;) {
    const end = at + HEAD <= row.length ? at + HEAD + view.getUint32(at + DIGEST) : Number.POSITIVE_INFINITY
    if (end > row.length) throw new UtnetError('data_corrupt', 'a row of witnesses is damaged')
    if (equalBytes(row.subarray(at, at + DIGEST), digest)) yield row.subarray(at + HEAD, end)
    at = end
  }
}

/** A recorder over a store. */
export function createCallRecorder(store: Kv): CallRecorder {
  let recent: CallNote[] = []
  /** Of the height that was written last, how many rows it has: a block that is made again adds to those that are there. */
  let written = { height: -1, rows: 0 }
  const nextKey = (height: number): Uint8Array => {
    const rows = height === written.height ? written.rows : [...store.range(...rowsOf(height))].length
    written = { height, rows: rows + 1 }
    return rowKey(height, rows)
  }
  return {
    note: (note) => void recent.push(note),
    kv: {
      ...store,
      commit(changes) {
        if (recent.length === 0) return store.commit(changes)
        const byHeight = Map.groupBy(recent, ({ witness }) => witness.height)
        recent = []
        return store.commit([...changes, ...Array.from(byHeight, ([height, notes]) => [nextKey(height), writeRow(notes)] as const)])
      },
    },
    find(name) {
      const digest = sha256(encode(nameCbor(name)))
      return [...store.range(...rowsOf(name.height))].flatMap(([, row]) => [...inRow(row, digest)].map(decodeWitness))
    },
  }
}
