/**
 * The witness of a contract call: the environment and the state that it saw, so that a stranger runs it again without the chain.
 * Nothing binds the values read, nor which contracts it called, but the run itself: others would have to lead to the same result, changes and gas.
 */
import type { CID } from 'multiformats/cid'
import { concatBytes } from './bytes.ts'
import { ARRAY, HEAD_MAX, MAP, NULL, putBytes, putHead, putRaw, putText, putU64, UINT } from './cbor-put.ts'
import { asArray, asBytes, asCid, asMap, asText, asU64, asUint, decode, encode, type Cbor } from './codec.ts'
import { UtnetError } from './errors.ts'

/** First reads, in order: key and value, null where there was none. */
export type WitnessReads = readonly (readonly [key: Uint8Array, value: Uint8Array | null])[]

/** Another contract that the call asked for. */
export interface WitnessCallee {
  /** Names and addresses that it was asked for by. */
  readonly asked: readonly string[]
  /** Addresses as text. */
  readonly contract: string
  readonly owner: string
  readonly version: number
  readonly module: CID
  readonly reads: WitnessReads
}

export interface CallWitness {
  /** Addresses as text. */
  readonly caller: string
  readonly contract: string
  readonly owner: string
  readonly version: number
  readonly height: number
  readonly time: number
  readonly chainId: string
  readonly gasLimit: bigint
  /** The chain ran a hook of a publication: nobody else may. */
  readonly hook: boolean
  readonly reads: WitnessReads
  /** In order of first use. */
  readonly callees: readonly WitnessCallee[]
  /** Root of the state changes, as the output's opening names it. */
  readonly changes: Uint8Array
}

const KEYS = ['caller', 'contract', 'owner', 'version', 'height', 'time', 'chainId', 'gasLimit', 'hook', 'reads', 'callees', 'changes']
const CALLEE_KEYS = ['asked', 'contract', 'owner', 'version', 'module', 'reads']

const readsCbor = (reads: WitnessReads): Cbor => reads.map(([key, value]) => [key, value])

const calleesCbor = (callees: readonly WitnessCallee[]): Cbor =>
  callees.map((c) => ({ ...c, asked: [...c.asked], reads: readsCbor(c.reads) }))

/** A key of the map, behind the value of the key before it. */
const keyed = (key: string): Uint8Array => encode(key)
const HOOK = concatBytes(Uint8Array.of((MAP << 5) | KEYS.length), keyed('hook'))
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

/** Larger ones are given up. */
const SCRATCH_MAX = 1_048_576
const FALSE = 0xf4
const TRUE = 0xf5

let scratch = new Uint8Array(4_096)

/** Canonical bytes of a witness. A fixed layout, keys in their canonical order: every call of a block has one. */
export function encodeWitness(w: CallWitness): Uint8Array {
  const callees = w.callees.length === 0 ? NO_CALLEES : encode(calleesCbor(w.callees))
  let room = FIXED + callees.length + w.changes.length + 3 * (w.caller.length + w.contract.length + w.owner.length + w.chainId.length)
  for (const [key, value] of w.reads) room += 3 * HEAD_MAX + key.length + (value?.length ?? 0)
  const into = room <= scratch.length ? scratch : new Uint8Array(room)
  if (into.length <= SCRATCH_MAX) scratch = into
  let at = putRaw(into, 0, HOOK)
  into[at++] = w.hook ? TRUE : FALSE
  at = putHead(into, putRaw(into, at, TIME), UINT, w.time)
  at = putText(into, putRaw(into, at, OWNER), w.owner)
  at = putHead(into, putRaw(into, at, READS), ARRAY, w.reads.length)
  for (const [key, value] of w.reads) {
    at = putBytes(into, putHead(into, at, ARRAY, 2), key)
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
  at = putU64(into, putRaw(into, at, GAS_LIMIT), w.gasLimit)
  return into.slice(0, at)
}

function readReads(value: Cbor | undefined): WitnessReads {
  return asArray(value, 'reads').map((item) => {
    const [key, read] = asArray(item, 'read', 2)
    return [asBytes(key, 'key'), read === null ? null : asBytes(read, 'value')]
  })
}

function asFlag(value: Cbor | undefined): boolean {
  if (typeof value !== 'boolean') throw new UtnetError('core_not_canonical', 'hook must be a bool')
  return value
}

function readCallee(value: Cbor): WitnessCallee {
  const m = asMap(value, CALLEE_KEYS, 'callee')
  return {
    asked: asArray(m['asked'], 'asked').map((a) => asText(a, 'asked')),
    contract: asText(m['contract'], 'contract'),
    owner: asText(m['owner'], 'owner'),
    version: asUint(m['version'], 'version'),
    module: asCid(m['module'], 'module'),
    reads: readReads(m['reads']),
  }
}

/** The witness of its bytes. */
export function decodeWitness(bytes: Uint8Array): CallWitness {
  const m = asMap(decode(bytes, 'witness'), KEYS, 'witness')
  return {
    caller: asText(m['caller'], 'caller'),
    contract: asText(m['contract'], 'contract'),
    owner: asText(m['owner'], 'owner'),
    version: asUint(m['version'], 'version'),
    height: asUint(m['height'], 'height'),
    time: asUint(m['time'], 'time'),
    chainId: asText(m['chainId'], 'chain id'),
    gasLimit: asU64(m['gasLimit'], 'gas limit'),
    hook: asFlag(m['hook']),
    reads: readReads(m['reads']),
    callees: asArray(m['callees'], 'callees').map(readCallee),
    changes: asBytes(m['changes'], 'changes', 32),
  }
}

/** The modules that the call entered beside its own, each once, in order of first use: what its bundle carries. */
export function witnessModules(witness: CallWitness): CID[] {
  return [...new Map(witness.callees.map((c) => [c.module.toString(), c.module])).values()]
}
