/**
 * The mappings of a source map (ECMA-426): numbers in base 64, of variable length, each the difference from the one before. Read into plain arrays of
 * numbers, so that a map of anyone takes sixteen bytes for each of at most `sourceMapSegments` places and the time of one pass.
 */
import { LIMITS, limitError, UtnetError } from '../../core/index.ts'

/** Segments that name a place, in order of their bytes. All numbers from 0. */
export interface Mappings {
  /** Byte of the component. */
  readonly offsets: Int32Array
  /** Places in the list of sources. */
  readonly sources: Int32Array
  readonly lines: Int32Array
  readonly columns: Int32Array
}

const COMMA = 0x2c
const SEMICOLON = 0x3b
/** Value of a digit by its character code; 255 for what is none. */
const DIGITS = new Uint8Array(128).fill(255)
;[...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'].forEach((c, i) => (DIGITS[c.charCodeAt(0)] = i))

/** Numbers of a segment: a byte; and a source, a line, a column; and a name, which nobody needs. */
const NUMBERS = 5
const PLACED = 4
/** Digits of 5 bits that 32 bits take, sign included. */
const DIGITS_MAX = 7

const refused = (why: string): UtnetError => new UtnetError('core_bad_argument', `the mappings of the source map ${why}`)

/** Commas of the one line: there is a segment more, at most. */
function segmentsOf(text: string): number {
  let count = 1
  for (let i = 0; i < text.length && text.charCodeAt(i) !== SEMICOLON; i++) if (text.charCodeAt(i) === COMMA) count++
  if (count > LIMITS.sourceMapSegments)
    throw limitError('core_too_large', 'sourceMapSegments', count, LIMITS.sourceMapSegments, 'segments of the source map')
  return count
}

/** Reads the first line, as WebAssembly has only one. Throws `core_bad_argument` and `core_too_large`. */
export function readMappings(text: string): Mappings {
  const most = segmentsOf(text)
  const read = { offsets: new Int32Array(most), sources: new Int32Array(most), lines: new Int32Array(most), columns: new Int32Array(most) }
  const last = [0, 0, 0, 0, 0]
  let placed = 0
  let field = 0
  let at = 0
  const close = (): void => {
    if (field > 1 && field < PLACED) throw refused('have a segment of a wrong length')
    if (field >= PLACED) {
      const [offset, source, line, column] = last as [number, number, number, number, number]
      read.offsets[placed] = offset
      read.sources[placed] = source
      read.lines[placed] = line
      read.columns[placed] = column
      placed++
    }
    field = 0
  }
  for (; at < text.length;) {
    const code = text.charCodeAt(at)
    if (code === SEMICOLON) break
    if (code === COMMA) {
      close()
      at++
      continue
    }
    if (field === NUMBERS) throw refused('have a segment of a wrong length')
    let value = 0
    let digits = 0
    for (let more = true; more; digits++) {
      const digit = DIGITS[text.charCodeAt(at++)] ?? 255
      if (digit === 255 || digits === DIGITS_MAX) throw refused('are not numbers in base 64')
      value += (digit & 31) * 2 ** (5 * digits)
      more = (digit & 32) !== 0
    }
    const half = Math.floor(value / 2)
    const next = (last[field] as number) + (value % 2 === 1 ? -half : half)
    if (next < 0 || next > 0x7fff_ffff) throw refused('name a place that cannot be')
    if (field === 0 && next < (last[0] as number)) throw refused('are not in order')
    last[field++] = next
  }
  close()
  const cut = (numbers: Int32Array): Int32Array => numbers.subarray(0, placed)
  return { offsets: cut(read.offsets), sources: cut(read.sources), lines: cut(read.lines), columns: cut(read.columns) }
}
