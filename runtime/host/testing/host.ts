/** For tests: a host over files in memory, and a simulated chain's view for contracts. */
import {
  fileCid,
  limitError,
  LIMITS,
  toHex,
  UtnetError,
  type CID,
  type ContractEnv,
  type FileNow,
  type FileStore,
  type TensorBridge,
} from '../../core/index.ts'
import { createHost, type Host, type HostOptions } from '../index.ts'

export function memoryFiles(): FileStore & { readonly fileNow: FileNow } {
  const files = new Map<string, Uint8Array>()
  const fileNow = (cid: CID, maxBytes: number): Uint8Array => {
    const found = files.get(cid.toString())
    if (found === undefined) throw new UtnetError('block_not_found', `no file ${cid.toString()}`)
    if (found.length > maxBytes) throw limitError('core_too_large', 'carBytes', found.length, maxBytes, `file ${cid.toString()}`)
    return found
  }
  return {
    fileNow,
    putFile: async (bytes) => {
      const cid = fileCid(bytes)
      files.set(cid.toString(), bytes)
      return cid
    },
    getFile: async (cid, maxBytes = LIMITS.carBytes) => fileNow(cid, maxBytes),
  }
}

export function testHost(tensors?: TensorBridge, options: Omit<HostOptions, 'files' | 'tensors'> = {}): Host {
  return createHost({ files: memoryFiles(), ...(tensors === undefined ? {} : { tensors }), ...options })
}

export interface SimulatedEnv extends ContractEnv {
  caller: string
  signer: string
  readonly state: Map<string, Uint8Array>
  readonly events: [string, string][]
}

export function simulatedEnv(caller = 'ut1alice'): SimulatedEnv {
  const state = new Map<string, Uint8Array>()
  const events: [string, string][] = []
  return {
    caller,
    signer: caller,
    contract: 'ut1contract',
    owner: 'ut1owner',
    version: 1,
    height: 42,
    time: 1_700_000_000_123,
    chainId: 'bafychain',
    state,
    events,
    get: (key) => state.get(toHex(key)),
    set: (key, value) => void (value === undefined ? state.delete(toHex(key)) : state.set(toHex(key), value)),
    emit: (name, data) => void events.push([name, toHex(data)]),
    callee: () => undefined,
    checkpoint: () => 0,
    revert: () => {
      throw new Error('nothing was called')
    },
  }
}

export const CONTEXT = { time: 1_700_000_000_123, seed: new Uint8Array(32).fill(7), height: 42 }
