/** A source map of a component (version 3: one line of mappings, columns are byte offsets). It is text from anyone, and is believed for text only. */
import { LIMITS, limitError, UtnetError } from '../../core/index.ts'
import { readMappings } from './mappings.ts'
import { placesOf, shownName, type SourceMap } from './places.ts'

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
  const sources = map.sources.map((name) => (typeof name === 'string' ? shownName(name) : '?'))
  return placesOf(readMappings(map.mappings), (source) => sources[source])
}
