/** The environment that rounds of the chain sample. */
export { exactEnvironment, type ExactEnvironment } from './environment.ts'
export { STACK } from './stack.ts'
