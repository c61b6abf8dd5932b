/** Who has power: validators, chips, node records, epochs and what changes from one to the next. */
export * from './chip.ts'
export * from './chip-payload.ts'
export * from './epoch.ts'
export * from './node-record.ts'
export * from './power-delta.ts'
export * from './power-record.ts'
export * from './validator.ts'
