/** What people see: results, traces as tables, the next command to run. */
export { HINTS } from './hints.ts'
export { namedFile } from './named-file.ts'
export { jsonText, writeOutput } from './output.ts'
export { traceTable } from './trace-table.ts'
