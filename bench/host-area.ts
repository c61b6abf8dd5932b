/** The host: what metering, preparing, instances, glue, HTTP and receipts cost. Parts stand alone: `npm run -s bench -- host --only=meter`. */
import { httpRows } from './host/http/index.ts'
import type { Row } from './row.ts'

export type Emit = (row: Row) => void

/** Each measures rows of its own, in the order of the table. */
const PARTS: Readonly<Record<string, (emit: Emit) => Promise<void>>> = { http: httpRows }

/** Measures the parts that `only` names, or all. Throws RangeError for a part that is not there. */
export async function hostArea(emit: Emit, only: readonly string[]): Promise<void> {
  const wrong = only.find((name) => !Object.hasOwn(PARTS, name))
  if (wrong !== undefined) throw new RangeError(`there is no part ${wrong}; there is ${Object.keys(PARTS).join(', ')}`)
  for (const [name, part] of Object.entries(PARTS)) if (only.length === 0 || only.includes(name)) await part(emit)
}
