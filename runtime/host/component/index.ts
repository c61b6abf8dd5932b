/** Components: their sections, their types, and the one shape that runs. */
export { importedInterfaces, type ImportedInterface } from './imports.ts'
export type { Component, DefinedResource } from './model.ts'
export {
  link,
  type CoreRef,
  type Destructor,
  type LiftedFunction,
  type Linked,
  type LinkedExport,
  type LinkedOptions,
  type Made,
  type Source,
} from './link.ts'
export { isComponent, readComponent } from './reader.ts'
export { guestOf, type Guest, type MainExport, type MainImport } from './shape.ts'
