/** Chips in software, for those who have no engine: their bond stands for them. */
export { softwareChips } from './engine.ts'
