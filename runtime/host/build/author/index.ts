/** The author's program: read, checked, and given the methods that its classes need. */
export { addContractBodies } from './contract-classes.ts'
export { addDataCodecs } from './data-classes.ts'
export { addEventEncoders, defineEvents } from './events.ts'
export { checkHandler, readSignatures } from './inspect.ts'
