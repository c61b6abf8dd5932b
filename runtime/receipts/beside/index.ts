/** Receipts that another thread seals, beside the one that runs functions. */
export { HandedReceipts, type HandedBegin, type HandedEnd } from './handing.ts'
export { besideMemory, wakeSealer, type BesideEnd, type BesideMemory } from './memory.ts'
export { SealingThread } from './sealing.ts'
