/**
 * The witness of a contract call: the environment and the state that it saw, so that a stranger runs it again without the chain.
 * Nothing binds the values read, nor which contracts it called, but the run itself: others would have to lead to the same result, changes and gas.
 */
import type { CID } from 'multiformats/cid'
import { asArray, asBytes, asCid, asMap, asText, asU64, asUint, decode, type Cbor } from '../codec/index.ts'
import { UtnetError } from '../errors.ts'

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
  /** Gas of making its code ready, when it was asked for first; 0 where the chain kept it ready. */
  readonly ready: bigint
  readonly reads: WitnessReads
}

/** What the run of a call depended on beside module, export and arguments. `time` is milliseconds since 1970. */
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

/** Members of the witness in its file. */
export const WITNESS_KEYS = [
  'caller',
  'contract',
  'owner',
  'version',
  'height',
  'time',
  'chainId',
  'gasLimit',
  'hook',
  'reads',
  'callees',
  'changes',
]
const CALLEE_KEYS = ['asked', 'contract', 'owner', 'version', 'module', 'ready', 'reads']

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
    ready: asU64(m['ready'], 'ready'),
    reads: readReads(m['reads']),
  }
}

/** The witness of its bytes. */
export function decodeWitness(bytes: Uint8Array): CallWitness {
  const m = asMap(decode(bytes, 'witness'), WITNESS_KEYS, 'witness')
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
