/**
 * The witness of a contract call: the environment and the state that it saw, so that a stranger runs it again without the chain.
 * Nothing binds the values read but the run itself: other values would have to lead to the same result, changes and gas.
 */
import { asArray, asBytes, asMap, asText, asU64, asUint, decode, encode } from './codec.ts'

export interface CallWitness {
  /** Addresses as text. */
  readonly caller: string
  readonly contract: string
  readonly height: number
  readonly time: number
  readonly chainId: string
  readonly gasLimit: bigint
  /** First reads, in order: key and value, null where there was none. */
  readonly reads: readonly (readonly [key: Uint8Array, value: Uint8Array | null])[]
  /** Root of the state changes, as the output's opening names it. */
  readonly changes: Uint8Array
}

const KEYS = ['caller', 'contract', 'height', 'time', 'chainId', 'gasLimit', 'reads', 'changes']

/** Canonical bytes of a witness. */
export function encodeWitness(w: CallWitness): Uint8Array {
  const { caller, contract, height, time, chainId, gasLimit, reads, changes } = w
  return encode({ caller, contract, height, time, chainId, gasLimit, reads: reads.map(([key, value]) => [key, value]), changes })
}

/** The witness of its bytes. */
export function decodeWitness(bytes: Uint8Array): CallWitness {
  const m = asMap(decode(bytes, 'witness'), KEYS, 'witness')
  return {
    caller: asText(m['caller'], 'caller'),
    contract: asText(m['contract'], 'contract'),
    height: asUint(m['height'], 'height'),
    time: asUint(m['time'], 'time'),
    chainId: asText(m['chainId'], 'chain id'),
    gasLimit: asU64(m['gasLimit'], 'gas limit'),
    reads: asArray(m['reads'], 'reads').map((item) => {
      const [key, value] = asArray(item, 'read', 2)
      return [asBytes(key, 'key'), value === null ? null : asBytes(value, 'value')]
    }),
    changes: asBytes(m['changes'], 'changes', 32),
  }
}
