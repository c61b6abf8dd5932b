import { StorageMap, add, context, emit } from '@utnet/sdk'

const amounts = new StorageMap<string, u64>('amounts')

export class Entry {
  constructor(
    public label: string,
    public amount: u64,
  ) {}
}

@event
class Added {
  constructor(
    public who: string,
    public amount: u64,
  ) {}
}

/** Adds to the amount under the entry's label and gives the new one. */
export function post(entry: Entry, times: u32): u64 {
  let amount = amounts.get(entry.label)
  for (let i: u32 = 0; i < times; i++) amount = add(amount, entry.amount)
  amounts.set(entry.label, amount)
  emit(new Added(context.caller(), amount))
  return amount
}

export function amountOf(label: string): u64 {
  return amounts.get(label)
}

/** Writes, then traps: nothing of it may stay. */
export function trap(label: string): void {
  amounts.set(label, 1)
  unreachable()
}

/** Writes, then runs until its gas is gone: nothing of it may stay. */
export function spin(label: string): void {
  amounts.set(label, 1)
  let n: u32 = 0
  while (true) n++
}
