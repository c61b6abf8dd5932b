export { growthRows } from './rows.ts'
