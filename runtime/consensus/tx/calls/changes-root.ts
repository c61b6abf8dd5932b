/** Root of the state changes of a call: what the output's opening binds. */
import { compareBytes, encode, equalBytes, merkleRoot } from '../../../core/index.ts'
import type { ContractChange } from './variable.ts'

/**
 * Merkle root over [key, value or null] of the contract that was called, in order of key, and then over [contract, key, value or null] of those that it
 * called, in order of contract and key. Of a call that failed, that of no changes.
 */
export function changesRoot(contract: Uint8Array, changes: Iterable<ContractChange>): Uint8Array {
  const sorted = [...changes].sort((a, b) => compareBytes(a.contract, b.contract) || compareBytes(a.key, b.key))
  const own = sorted.filter((c) => equalBytes(c.contract, contract))
  const others = sorted.filter((c) => !equalBytes(c.contract, contract))
  return merkleRoot([
    ...own.map(({ key, value }) => encode([key, value ?? null])),
    ...others.map((c) => encode([c.contract, c.key, c.value ?? null])),
  ])
}
