import { Amount, Event, StorageMap, StorageValue, context, emit, require } from '@utnet/sdk'

export const supply = new StorageValue<Amount>('supply')
export const balance = new StorageMap<string, Amount>('balance')

declare class Transfer extends Event {
  constructor(from: string, to: string, amount: Amount)
}

export function mint(to: string, amount: Amount): void {
  require(context.caller() == context.owner(), 'only the owner may mint')
  supply.add(amount)
  balance.add(to, amount)
  emit(new Transfer('', to, amount))
}

export function transfer(to: string, amount: Amount): void {
  balance.sub(context.caller(), amount)
  balance.add(to, amount)
  emit(new Transfer(context.caller(), to, amount))
}
