/** Core WebAssembly modules: reader, writer, opcode table, the walk over instructions. */
export * from './instructions.ts'
export * from './invalid.ts'
export * from './model.ts'
export * from './module.ts'
export * from './names.ts'
export * from './opcodes.ts'
export * from './reader.ts'
export * from './writer.ts'
