/** The field `Utnet-Failure` (RFC 9651): `<status>;at="function";line="file:line:column";limit=name;allowed=number`, of a run that did not complete. */
import type { RunEnd, RunStatus } from '../../runtime/core/index.ts'

export const FAILURE_HEADER = 'utnet-failure'

const STATUSES: readonly string[] = ['trap', 'out-of-gas', 'refused'] satisfies readonly RunStatus[]
/** Names come from the guest and its map: what no string of RFC 9651 can hold is a question mark, and what is long is cut. */
const LENGTH_MAX = 512

const quoted = (text: string): string =>
  `"${text
    .slice(0, LENGTH_MAX)
    .replaceAll(/[^\x20-\x7e]/g, '?')
    .replaceAll(/["\\]/g, '\\$&')}"`

/** The field's value; quotes in names are escaped. */
export function formatFailure({ status, at, line, limit, allowed }: RunEnd): string {
  const place = `${at === undefined ? '' : `;at=${quoted(at)}`}${line === undefined ? '' : `;line=${quoted(line)}`}`
  return `${status}${place}${limit === undefined ? '' : `;limit=${limit}`}${allowed === undefined ? '' : `;allowed=${allowed}`}`
}

const FIELD =
  /^(?<status>[a-z-]{1,16})(?:;at="(?<at>(?:[^"\\]|\\.){0,2048})")?(?:;line="(?<line>(?:[^"\\]|\\.){0,2048})")?(?:;limit=(?<limit>[A-Za-z]{1,32}))?(?:;allowed=(?<allowed>[0-9]{1,15}))?$/

/** Undefined for what is none: the field is for people only. */
export function parseFailure(text: string): RunEnd | undefined {
  const { status, at, line, limit, allowed } = FIELD.exec(text)?.groups ?? {}
  if (status === undefined || !STATUSES.includes(status)) return undefined
  const plain = (value: string): string => value.replaceAll(/\\(.)/g, '$1')
  return {
    status: status as RunStatus,
    ...(at === undefined ? {} : { at: plain(at) }),
    ...(line === undefined ? {} : { line: plain(line) }),
    ...(limit === undefined ? {} : { limit }),
    ...(allowed === undefined ? {} : { allowed: Number(allowed) }),
  }
}
