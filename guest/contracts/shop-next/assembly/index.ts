import { Amount, StorageMap, StorageValue, context } from '@utnet/sdk'

export const credit = new StorageMap<string, Amount>('credit')
export const note = new StorageValue<string>('note')

/** Runs once, in the transaction that publishes this version. */
export function migrate(from: u32): void {
  note.set('version ' + context.version().toString() + ' took over from ' + from.toString())
}
