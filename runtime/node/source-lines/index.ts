/** What ran in the author's words: source maps, the line where a run ended, gas by line. */
export * from './line-trace.ts'
export * from './source-lines.ts'
export * from './source-maps.ts'
