/** Writes the witness of a contract call. */
import {
  ARRAY,
  concatBytes,
  encode,
  HEAD_MAX,
  MAP,
  Messages,
  NULL,
  putBytes,
  putHead,
  putRaw,
  putText,
  putU64,
  UINT,
  type Cbor,
} from '../codec/index.ts'
import { WITNESS_KEYS, type CallWitness, type WitnessCallee, type WitnessReads } from './witness.ts'

const readsCbor = (reads: WitnessReads): Cbor => reads.map(([key, value]) => [key, value])

const calleesCbor = (callees: readonly WitnessCallee[]): Cbor =>
  callees.map((c) => ({ ...c, asked: [...c.asked], reads: readsCbor(c.reads) }))

/** A key of the map, behind the value of the key before it. */
const keyed = (key: string): Uint8Array => encode(key)
const HOOK = concatBytes(Uint8Array.of((MAP << 5) | WITNESS_KEYS.length), keyed('hook'))
const TIME = keyed('time')
const OWNER = keyed('owner')
const READS = keyed('reads')
const CALLER = keyed('caller')
const HEIGHT = keyed('height')
const CALLEES = keyed('callees')
const CHAIN_ID = keyed('chainId')
const CHANGES = keyed('changes')
const VERSION = keyed('version')
const CONTRACT = keyed('contract')
const GAS_LIMIT = keyed('gasLimit')
/** All keys, and the heads of what does not vary in number. */
const FIXED = 512
const NO_CALLEES = encode([])

const FALSE = 0xf4
const TRUE = 0xf5

/** Canonical bytes of a witness. */
export function encodeWitness(w: CallWitness): Uint8Array {
  const messages = new Messages(2 * FIXED)
  appendWitness(messages, w)
  return messages.bytes.slice(0, messages.at)
}

/** Appends the canonical bytes of a witness to memory. A fixed layout, keys in their canonical order: every call of a block has one. */
export function appendWitness(memory: Messages, w: CallWitness): void {
  const callees = w.callees.length === 0 ? NO_CALLEES : encode(calleesCbor(w.callees))
  let room = FIXED + callees.length + w.changes.length + 3 * (w.caller.length + w.contract.length + w.owner.length + w.chainId.length)
  for (const read of w.reads) room += 3 * HEAD_MAX + read[0].length + (read[1]?.length ?? 0)
  memory.reserve(room)
  const { bytes: into } = memory
  let at = putRaw(into, memory.at, HOOK)
  into[at++] = w.hook ? TRUE : FALSE
  at = putHead(into, putRaw(into, at, TIME), UINT, w.time)
  at = putText(into, putRaw(into, at, OWNER), w.owner)
  at = putHead(into, putRaw(into, at, READS), ARRAY, w.reads.length)
  for (const read of w.reads) {
    const value = read[1]
    at = putBytes(into, putHead(into, at, ARRAY, 2), read[0])
    if (value === null) into[at++] = NULL
    else at = putBytes(into, at, value)
  }
  at = putText(into, putRaw(into, at, CALLER), w.caller)
  at = putHead(into, putRaw(into, at, HEIGHT), UINT, w.height)
  at = putRaw(into, putRaw(into, at, CALLEES), callees)
  at = putText(into, putRaw(into, at, CHAIN_ID), w.chainId)
  at = putBytes(into, putRaw(into, at, CHANGES), w.changes)
  at = putHead(into, putRaw(into, at, VERSION), UINT, w.version)
  at = putText(into, putRaw(into, at, CONTRACT), w.contract)
  memory.at = putU64(into, putRaw(into, at, GAS_LIMIT), w.gasLimit)
}
