/**
 * A contract calls another: who may, with how much gas, and what the caller learns of the end. Every validator must find the same, so a caller gets a
 * reason out of a fixed list, and no text but what the callee itself reverted with.
 */
import { encode, LIMITS, PARAMS, type Callee, type Cbor, type RunOutcome } from '../../../core/index.ts'
import { GuestTrap, hostFunction, wit, type HostInterfaces } from '../../abi/index.ts'
import type { ContractState } from './contract-state.ts'

/** Why a call of another contract failed; the place is the value of the WIT enum. */
const REASONS = ['not-found', 'reentrant', 'depth', 'arguments', 'refused', 'trap', 'out-of-gas'] as const

type Reason = (typeof REASONS)[number]

/** Neither a name nor an address is longer. */
const ASKED_MAX = 63

const FAILURE = wit.record({ reason: wit.enum(...REASONS), message: wit.string })

const failed = (reason: Reason, message: string): Cbor => [1, [REASONS.indexOf(reason), message]]

function ended(asked: string, { status, result, message = '' }: RunOutcome): Cbor {
  switch (status) {
    case 'ok':
      return [0, encode(result)]
    case 'refused':
      return failed('refused', message)
    default:
      return failed(status, status === 'trap' ? `${asked} trapped` : `${asked} ran out of gas`)
  }
}

/** Enters the callee with at most `gas`, out of which it is made ready where it is not; its changes stay only if it completes. */
function enter(
  { meter, stack, runCallee }: ContractState,
  asked: string,
  callee: Callee,
  entry: string,
  args: Uint8Array,
  gas: bigint,
): Cbor {
  if (stack.includes(callee.env.contract)) return failed('reentrant', `${asked} is at work already`)
  if (stack.length >= LIMITS.callDepth) return failed('depth', `more contracts at work than the limit callDepth of ${LIMITS.callDepth}`)
  const { ready } = callee
  const { left } = meter
  const given = gas < left ? gas : left
  if (ready > given) return failed('out-of-gas', `${asked} is not ready, and making it so costs ${ready} gas`)
  if (ready > 0n) meter.charge(Number(ready))
  callee.enter()
  const mark = callee.env.checkpoint()
  const outcome = runCallee({ callee, asked, entry, args, gasLimit: given - ready })
  if (outcome === 'no-export') return failed('not-found', `${asked} has no export ${entry}`)
  if (outcome === 'arguments') return failed('arguments', `the arguments are not those of ${entry} of ${asked}`)
  if (outcome.status !== 'ok') callee.env.revert(mark)
  meter.charge(Number(outcome.gas))
  return ended(asked, outcome)
}

const { string, bytes, u64, result } = wit

/** What the host offers for calls between contracts. `gas` is the most that the callee may use; what it leaves stays the caller's. */
export const CONTRACT_CALLS: HostInterfaces<ContractState> = {
  'utnet:host/contracts': {
    call: hostFunction(
      { contract: string, export: string, arguments: bytes, gas: u64 },
      result(bytes, FAILURE),
      (state, [contract, entry, args, gas]) => {
        state.meter.charge(PARAMS.host.contractCall)
        const [asked, name, packed] = [contract, entry, args] as [string, string, Uint8Array]
        if (packed.length > LIMITS.callArgsBytes)
          throw new GuestTrap(`arguments of ${packed.length} bytes are over the limit callArgsBytes of ${LIMITS.callArgsBytes}`)
        const callee = asked.length > ASKED_MAX ? undefined : state.env.callee(asked)
        if (callee === undefined) return failed('not-found', `no contract is ${asked.slice(0, ASKED_MAX)}`.toWellFormed())
        if (name.length > LIMITS.exportNameBytes) return failed('not-found', `${asked} has no export of such a name`)
        return enter(state, asked, callee, name, packed, BigInt(gas as number | bigint))
      },
    ),
  },
}
