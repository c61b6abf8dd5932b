/** Places in source files by bytes of a component: what a source map and the line tables of a compiler both come to. */
import type { Mappings } from './mappings.ts'

/** Line and column from 1. */
export interface SourcePlace {
  readonly file: string
  readonly line: number
  readonly column: number
}

/** Bytes of the component that a function's instructions take: from, and up to. */
export type Range = readonly [from: number, to: number]

/** Finds places; offsets are bytes of the component, `within` is the function's range of them. */
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

export const NAME_MAX = 1_024
/** Controls and what else would not show, or show as something else. */
const UNSEEN = /[\p{C}\p{Zl}\p{Zp}]/gu

/** The name of a file as it may be shown. */
export const shownName = (name: string): string => name.replaceAll(UNSEEN, '?').slice(0, NAME_MAX)

/** Places of mappings in order of their bytes; `fileOf` names a source by its number. */
export function placesOf({ offsets, sources, lines, columns }: Mappings, fileOf: (source: number) => string | undefined): SourceMap {
  const placeAt = (at: number, [from, to]: Range): SourcePlace | undefined => {
    const offset = offsets[at]
    if (offset === undefined || offset < from || offset >= to) return undefined
    const file = fileOf(sources[at] as number)
    return file === undefined ? undefined : { file, line: (lines[at] as number) + 1, column: (columns[at] as number) + 1 }
  }
  return {
    find(offset, within) {
      const at = lastBefore(offsets, offset)
      return placeAt(at, within) ?? placeAt(at + 1, within)
    },
    author(offset, within) {
      for (let at = lastBefore(offsets, offset); at >= 0 && (offsets[at] as number) >= within[0]; at--) {
        const place = placeAt(at, within)
        if (place !== undefined && !place.file.startsWith(LIBRARY) && place.file !== GENERATED) return place
      }
      return undefined
    },
  }
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
