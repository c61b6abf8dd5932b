/** How the tries lie in memory and in keys: bytes and words, positions, versions. */
export { copyHash, copyStretch, Memory } from './memory.ts'
export { bitIn, comparePositions, nibbleIn, POSITION_BYTES, same32, sharedBits } from './position.ts'
export { bytesHeight, heightBytes, VERSION_BYTES, writeVersion } from './version.ts'
