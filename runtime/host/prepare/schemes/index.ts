/** Functions as they are written: the naive scheme, the optimised one, and the border to the host. */
export { chargeBody, constant, exportBody, importBody, initialValues, resetBody } from './border.ts'
export { typeByte } from './emit.ts'
export { type Counter, Layout, type Scheme } from './layout.ts'
export { NaiveBodies } from './naive.ts'
export { OptimisedBodies } from './optimised.ts'
export { Positions } from './positions.ts'
