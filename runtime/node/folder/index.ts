/** The data folder, its lock, and the node's keys in it. */
export { type DataFolder, holdLock, openDataFolder } from './data-folder.ts'
export { nodeKeys } from './node-keys.ts'
