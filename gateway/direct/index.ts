/** Functions straight on node:http. */
export { directFunctions } from './functions.ts'
