/** Functions straight on node:http. */
export { DirectResponse, KEEP_ALIVE_MS } from './answer.ts'
export { directFunctions, type FunctionServer } from './functions.ts'
