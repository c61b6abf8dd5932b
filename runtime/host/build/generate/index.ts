/** The glue that is generated: exports, imports, and the SDK's raw layer. */
export { contractEntry, functionEntry, type GeneratedEntry, guestWit, operatorEntry } from './generate-exports.ts'
export { loadGuestWit, rawModules } from './raw-modules.ts'
