/** Single files that survive a loss of power, and folders. A door of its own: whoever writes a file needs no database engine. */
export { syncFolder, writeDurably, writeOnce } from './durable-file.ts'
export { makeFolder } from './folder.ts'
