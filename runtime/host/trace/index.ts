/** What a profile says in the words of the author: gas by source line, and the line where a run ended. For people; nothing else depends on it. */
export { readSourceMap } from './source-map.ts'
export type { SourceMap, SourcePlace } from './places.ts'
export { gasByLine, type LineGas } from './lines.ts'
export { sourceOf } from './frames.ts'
export { hasLineTables } from './debug-lines.ts'
