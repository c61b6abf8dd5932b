/** Functions straight on node:http. */
export { directFunctions, type FunctionServer } from './functions.ts'
