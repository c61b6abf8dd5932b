/** All money of a chain, counted by who has it. */
import { asArray, asBytes, bytesAmount, decode } from '../../../runtime/core/index.ts'
import { supplyOf, type Chain } from '../../../runtime/consensus/index.ts'
import { unbondingKey } from '../../../runtime/consensus/power/keys.ts'

/** What an account gave up of its bond and has not been paid. */
export function unbondingOf(chain: Chain, address: Uint8Array): bigint {
  const { value } = chain.prove('offchain', unbondingKey(address))
  const list = value === null ? [] : asArray(decode(value, 'unbonding'), 'unbonding')
  return list.reduce<bigint>((sum, item) => sum + bytesAmount(asBytes(asArray(item, 'unbonding', 2)[1], 'amount'), 'amount'), 0n)
}

/** Throws unless what these accounts have is what the genesis gave, with what was minted and without what was burnt. No other has any. */
export function mustKeepMoney(chain: Chain, addresses: readonly Uint8Array[]): void {
  let all = chain.burnt() - chain.minted()
  for (const address of addresses) {
    const { balance, bond } = chain.account(address)
    if (balance < 0n || bond < 0n) throw new Error('an account owes')
    all += balance + bond + unbondingOf(chain, address)
  }
  const supply = supplyOf(chain.genesis)
  if (all !== supply) throw new Error(`money: ${all} is there, ${supply} was given; ${all - supply} too much`)
}
