/** A source map of a component (version 3: one line of mappings, columns are byte offsets). It is text from anyone, and is believed for text only. */
import { LIMITS, limitError, UtnetError } from '../../core/index.ts'
import { readMappings, type Mappings } from './mappings.ts'

/** Line and column from 1. */
export interface SourcePlace {
  readonly file: string
  readonly line: number
  readonly column: number
}

/** Bytes of the component that a function's instructions take: from, and up to. */
export type Range = readonly [from: number, to: number]

export interface SourceMap {
  /**
   * The place of an instruction at byte `offset` of a function. Compilers name no place for many instructions: they have that of the code before them,
   * in the same function, the first ones that of the code behind; undefined where the function has none.
   */
  find(offset: number, within: Range): SourcePlace | undefined
  /** The author's code at the instruction or before it: where code of a library was put into a function of the author. */
  author(offset: number, within: Range): SourcePlace | undefined
}

/** Beginning of the names of files that are not the author's. */
export const LIBRARY = '~lib/'
/** Our own code between the author's functions and the host. */
const GENERATED = 'utnet-entry.ts'

const NAME_MAX = 1_024
/** Controls and what else would not show, or show as something else. */
const UNSEEN = /[\p{C}\p{Zl}\p{Zp}]/gu

const refused = (why: string): UtnetError => new UtnetError('core_bad_argument', `the source map ${why}`)

/** What is over `limit` characters is refused unread. Throws `core_bad_argument` and `core_too_large`. */
export function readSourceMap(text: string, limit: 'sourceMapBytes' | 'deployedMapBytes' = 'sourceMapBytes'): SourceMap {
  if (text.length > LIMITS[limit]) throw limitError('core_too_large', limit, text.length, LIMITS[limit], 'the source map')
  let map: { version?: unknown; sources?: unknown; mappings?: unknown } | null
  try {
    map = JSON.parse(text) as typeof map
  } catch {
    throw refused('is not JSON')
  }
  if (map?.version !== 3 || !Array.isArray(map.sources) || typeof map.mappings !== 'string')
    throw refused('is not one of version 3 with sources and mappings')
  const sources = map.sources.map((name) => (typeof name === 'string' ? name.replaceAll(UNSEEN, '?').slice(0, NAME_MAX) : '?'))
  const mappings = readMappings(map.mappings)
  const { offsets } = mappings
  const placeOf = (at: number, within: Range): SourcePlace | undefined => placeAt(mappings, sources, at, within)
  return {
    find(offset, within) {
      const at = lastBefore(offsets, offset)
      return placeOf(at, within) ?? placeOf(at + 1, within)
    },
    author(offset, within) {
      for (let at = lastBefore(offsets, offset); at >= 0 && (offsets[at] as number) >= within[0]; at--) {
        const place = placeOf(at, within)
        if (place !== undefined && !place.file.startsWith(LIBRARY) && place.file !== GENERATED) return place
      }
      return undefined
    },
  }
}

function placeAt(
  { offsets, sources: files, lines, columns }: Mappings,
  sources: readonly string[],
  at: number,
  [from, to]: Range,
): SourcePlace | undefined {
  const offset = offsets[at]
  if (offset === undefined || offset < from || offset >= to) return undefined
  const file = sources[files[at] as number]
  return file === undefined ? undefined : { file, line: (lines[at] as number) + 1, column: (columns[at] as number) + 1 }
}

/** Index of the last segment that begins at `offset` or before. */
function lastBefore(offsets: Int32Array, offset: number): number {
  let low = 0
  let high = offsets.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((offsets[middle] as number) <= offset) low = middle + 1
    else high = middle
  }
  return low - 1
}
