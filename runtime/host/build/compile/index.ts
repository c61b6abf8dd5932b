/** The compilers and what is done to their output: AssemblyScript, componentize-js, jco's wasm-tools, source maps. */
export {
  authorError,
  type CompileOptions,
  compileProgram,
  type GuestDiagnostic,
  inspectProgram,
  type Program,
  type ReadSource,
} from './compiler.ts'
export { makeComponent, printComponentWit } from './component.ts'
export { buildJavascript } from './javascript.ts'
export { renameExports } from './rename-exports.ts'
export { componentSourceMap } from './source-map.ts'
