/** A contract asks for an inference (white paper 5.6): the request is recorded in its own state, the gas of the callback is paid now, and an event tells nodes. */
import {
  ARITHMETICS,
  decode,
  encode,
  encodeRequest,
  isUtnetError,
  LIMITS,
  PARAMS,
  readTensors,
  REQUEST_COUNT_KEY,
  REQUEST_EVENT,
  requestKey,
  type InferenceRequest,
} from '../../../core/index.ts'
import { GuestTrap, hostFunction, LimitTrap, wit, type HostInterfaces } from '../../abi/index.ts'
import type { ContractState } from './contract-state.ts'

const { string, bytes, u32, u64 } = wit
const { host } = PARAMS

/** What a request is: a guest's mistake traps it. */
function requestOf(height: number, [model, packed, arithmetic, callback, blocks, gas]: readonly unknown[]): InferenceRequest {
  const [name, entry, span] = [model, callback, blocks] as [string, string, number]
  if (name.length === 0 || name.length > LIMITS.exportNameBytes) throw new GuestTrap('a model is named by 1 to 128 characters')
  if (entry.length === 0 || entry.length > LIMITS.exportNameBytes) throw new GuestTrap('a callback is named by 1 to 128 characters')
  if (span < 1 || span > LIMITS.requestBlocks)
    throw new GuestTrap(`a request stays open for 1 to ${LIMITS.requestBlocks} blocks (the limit requestBlocks), not ${span}`)
  const left = BigInt(gas as number | bigint)
  if (left > BigInt(LIMITS.callGas)) throw new GuestTrap(`the gas of a callback is over the limit callGas of ${LIMITS.callGas}`)
  try {
    const inputs = readTensors(decode(packed as Uint8Array, 'inputs', LIMITS.requestBytes), 'inputs')
    return {
      model: name,
      inputs,
      arithmetic: ARITHMETICS[arithmetic as number] ?? 'any',
      callback: entry,
      deadline: height + span,
      gas: left,
    }
  } catch (error) {
    if (isUtnetError(error)) throw new GuestTrap(`the inputs of the request: ${error.message}`)
    throw error
  }
}

/** The number of the next request of this contract. */
function nextNumber({ env, meter }: ContractState): bigint {
  meter.charge(host.storageRead + host.storageWrite)
  const known = env.get(REQUEST_COUNT_KEY)
  const number = (known === undefined ? 0n : BigInt(decode(known, 'request count', 16) as number | bigint)) + 1n
  env.set(REQUEST_COUNT_KEY, encode(number))
  return number
}

export const INFERENCE_REQUESTS: HostInterfaces<ContractState> = {
  'utnet:host/inference': {
    request: hostFunction(
      { model: string, inputs: bytes, arithmetic: wit.enum(...ARITHMETICS), callback: string, blocks: u32, gas: u64 },
      u64,
      (state, args) => {
        const { env, meter, events } = state
        const record = requestOf(env.height, args)
        if (!state.takesAnswer(record.callback))
          throw new GuestTrap(`the contract has no export ${record.callback} that takes a number (u64) and an answer (bytes)`)
        const packed = encodeRequest(record)
        meter.charge(host.inferenceRequest + host.storageByte * packed.length + Number(record.gas))
        if (++events.count > LIMITS.eventsPerCall)
          throw new LimitTrap('eventsPerCall', `more events than the limit eventsPerCall of ${LIMITS.eventsPerCall}`)
        const number = nextNumber(state)
        env.set(requestKey(number), packed)
        env.emit(REQUEST_EVENT, encode({ deadline: record.deadline, model: record.model, request: number }))
        return number
      },
    ),
  },
}
