import { Amount, Contract, StorageMap, context } from '@utnet/sdk'

declare class Ledger extends Contract {
  transfer(to: string, amount: Amount): void
  balance(key: string): Amount
}

/** What each customer may still draw. */
export const credit = new StorageMap<string, Amount>('credit')

export function allow(customer: string, amount: Amount): Amount {
  return credit.add(customer, amount)
}

/** Pays the caller out of the shop's balance of the ledger, and gives what the shop has left there. */
export function draw(amount: Amount): Amount {
  credit.sub(context.caller(), amount)
  const ledger = new Ledger('ledger')
  ledger.transfer(context.caller(), amount)
  return ledger.balance(context.contract())
}
