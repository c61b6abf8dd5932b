/** What a transaction ran, and as whom: a call names it itself, an answer a callback, a publication runs a hook of the version that it makes. */
import { contractAddress, formatAddress, keyAddress, type Cbor, type TxBody } from '../../core/index.ts'
import type { CallName } from '../chain/index.ts'
import type { Parts } from '../parts.ts'
import { findGuest } from './known-guests.ts'

/**
 * The run of `entry` that a transaction of the chain made. A hook names how many versions stood before, which the transaction does not: of a `migrate`
 * there is one for each version, and who asks must tell them apart. None for what runs nothing.
 */
export function callsOf(parts: Pick<Parts, 'chain'>, entry: string, { payload, sender, nonce }: TxBody): Omit<CallName, 'height'>[] {
  const address = keyAddress(sender)
  const run = (to: Uint8Array, as: Uint8Array, args: Cbor[]): Omit<CallName, 'height'> => ({
    contract: formatAddress(to),
    caller: formatAddress(as),
    entry,
    args,
  })
  switch (payload.kind) {
    case 'call':
      return Array.isArray(payload.args) ? [run(payload.to, address, [...payload.args])] : []
    case 'answer':
      return [run(payload.contract, payload.contract, [payload.request, payload.answer])]
    case 'publish': {
      // where the hook failed there is no contract, or still the version before
      if (entry === 'init') return [run(contractAddress(address, nonce), address, [])]
      const { address: to = null, version = 0 } = findGuest(parts, payload.name) ?? {}
      return to === null ? [] : Array.from({ length: version }, (_, before) => run(to, address, [before + 1]))
    }
    default:
      return []
  }
}
