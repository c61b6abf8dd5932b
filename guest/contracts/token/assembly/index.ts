import { Event, StorageMap, StorageValue, context, emit, require } from '@utnet/sdk'

const owner = new StorageValue<string>('owner')
const supply = new StorageValue<u64>('supply')
const balances = new StorageMap<string, u64>('balances')

declare class Transfer extends Event {
  constructor(from: string, to: string, amount: u64)
}

/** Makes new tokens. The first caller becomes the owner; afterwards only the owner may mint. */
export function mint(to: string, amount: u64): void {
  if (!owner.has()) owner.set(context.caller())
  require(owner.get() == context.caller(), 'only the owner may mint')
  supply.add(amount)
  balances.add(to, amount)
  emit(new Transfer('', to, amount))
}

/** Moves tokens of the caller. */
export function transfer(to: string, amount: u64): void {
  const from = context.caller()
  balances.sub(from, amount)
  balances.add(to, amount)
  emit(new Transfer(from, to, amount))
}

export function balance(account: string): u64 {
  return balances.get(account)
}

export function total(): u64 {
  return supply.get()
}
