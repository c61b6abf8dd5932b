/** The host: what metering, preparing, instances, glue, HTTP and receipts cost. Parts stand alone: `npm run -s bench -- host --only=meter`. */
import { gasRows } from './host/gas-classes.ts'
import { meterRows } from './host/meter.ts'
import { prepareRows } from './host/prepare.ts'
import { guestRows } from './host/guests.ts'
import { poolRows } from './host/pool.ts'
import { typedRows } from './host/typed.ts'
import { receiptRows } from './host/receipt.ts'
import { httpRows } from './host/http/index.ts'
import type { Emit } from './row.ts'

/** Each measures rows of its own, in the order of the table. */
const PARTS: Readonly<Record<string, (emit: Emit) => Promise<void>>> = {
  gas: gasRows,
  meter: meterRows,
  prepare: prepareRows,
  pool: poolRows,
  guests: guestRows,
  typed: typedRows,
  receipt: receiptRows,
  http: httpRows,
}

/** Measures the parts that `only` names, or all. Throws RangeError for a part that is not there. */
export async function hostArea(emit: Emit, only: readonly string[]): Promise<void> {
  const wrong = only.find((name) => !Object.hasOwn(PARTS, name))
  if (wrong !== undefined) throw new RangeError(`there is no part ${wrong}; there is ${Object.keys(PARTS).join(', ')}`)
  for (const [name, part] of Object.entries(PARTS)) if (only.length === 0 || only.includes(name)) await part(emit)
}
