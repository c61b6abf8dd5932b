import { StorageMap, add, context, emit } from '@utnet/sdk'

const counts = new StorageMap<string, u64>('counts')

@event
class Counted {
  constructor(
    public who: string,
    public count: u64,
  ) {}
}

/** Adds to the caller's own count and gives the new one. */
export function count(by: u64): u64 {
  const who = context.caller()
  const next = add(counts.get(who), by)
  counts.set(who, next)
  emit(new Counted(who, next))
  return next
}

/** Reads an account's count. It writes nothing, so it can be queried for free. */
export function countOf(who: string): u64 {
  return counts.get(who)
}
