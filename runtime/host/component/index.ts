/** Components: their sections, their types, and the one shape that runs. */
export type { Component, EmbeddedModule, StringEncoding } from './model.ts'
export { isComponent, readComponent } from './reader.ts'
export { guestOf, type Guest, type MainExport, type MainImport } from './shape.ts'
