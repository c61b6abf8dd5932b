/** A source map of a component (version 3: one line of mappings, columns are byte offsets). It is text from anyone, and is believed for text only. */
import { decode, type SourceMapSegment } from '@jridgewell/sourcemap-codec'
import { LIMITS, limitError, UtnetError } from '../../core/index.ts'

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

type Placed = Exclude<SourceMapSegment, [number]>

const NAME_MAX = 1_024
/** Controls and what else would not show, or show as something else. */
const UNSEEN = /[\p{C}\p{Zl}\p{Zp}]/gu

const refused = (why: string): UtnetError => new UtnetError('core_bad_argument', `the source map ${why}`)

/** Throws `core_bad_argument` and `core_too_large`. */
export function readSourceMap(text: string): SourceMap {
  if (text.length > LIMITS.sourceMapBytes)
    throw limitError('core_too_large', 'sourceMapBytes', text.length, LIMITS.sourceMapBytes, 'the source map')
  let map: { version?: unknown; sources?: unknown; mappings?: unknown } | null
  try {
    map = JSON.parse(text) as typeof map
  } catch {
    throw refused('is not JSON')
  }
  if (map?.version !== 3 || !Array.isArray(map.sources) || typeof map.mappings !== 'string')
    throw refused('is not one of version 3 with sources and mappings')
  const sources = map.sources.map((name) => (typeof name === 'string' ? name.replaceAll(UNSEEN, '?').slice(0, NAME_MAX) : '?'))
  const segments = placed(map.mappings)
  const placeOf = (at: number, [from, to]: Range): SourcePlace | undefined => {
    const segment = segments[at]
    if (segment === undefined || segment[0] < from || segment[0] >= to) return undefined
    const [, source, line, column] = segment
    const file = sources[source]
    return file === undefined ? undefined : { file, line: line + 1, column: column + 1 }
  }
  return {
    find(offset, within) {
      const at = lastBefore(segments, offset)
      return placeOf(at, within) ?? placeOf(at + 1, within)
    },
    author(offset, within) {
      for (let at = lastBefore(segments, offset); at >= 0 && (segments[at] as Placed)[0] >= within[0]; at--) {
        const place = placeOf(at, within)
        if (place !== undefined && !place.file.startsWith(LIBRARY) && place.file !== GENERATED) return place
      }
      return undefined
    },
  }
}

/** Segments that name a place, in order of their bytes. */
function placed(mappings: string): readonly Placed[] {
  const [line = []] = decode(mappings)
  return line.filter((segment): segment is Placed => segment.length > 1).toSorted((a, b) => a[0] - b[0])
}

/** Index of the last segment that begins at `offset` or before. */
function lastBefore(segments: readonly Placed[], offset: number): number {
  let low = 0
  let high = segments.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((segments[middle] as Placed)[0] <= offset) low = middle + 1
    else high = middle
  }
  return low - 1
}
