import { StorageMap, StorageValue, add, context, emit, revert, sub } from '@utnet/sdk'

const owner = new StorageValue<string>('owner')
const supply = new StorageValue<u64>('supply')
const balances = new StorageMap<string, u64>('balances')

@event
class Transfer {
  constructor(
    public from: string,
    public to: string,
    public amount: u64,
  ) {}
}

/** Makes new tokens. The first caller becomes the owner; afterwards only the owner may mint. */
export function mint(to: string, amount: u64): void {
  if (!owner.has()) owner.set(context.caller())
  if (owner.get() != context.caller()) revert('only the owner may mint')
  supply.set(add(supply.get(), amount))
  balances.set(to, add(balances.get(to), amount))
  emit(new Transfer('', to, amount))
}

/** Moves tokens of the caller. */
export function transfer(to: string, amount: u64): void {
  const from = context.caller()
  balances.set(from, sub(balances.get(from), amount))
  balances.set(to, add(balances.get(to), amount))
  emit(new Transfer(from, to, amount))
}

export function balance(account: string): u64 {
  return balances.get(account)
}

export function total(): u64 {
  return supply.get()
}
