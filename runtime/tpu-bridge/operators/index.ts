/** ONNX operators as calls of exact kernels. */
export { encodeCalls } from './calls.ts'
export type { LowerContext, Lowered, LowerInput, Lowering, Operand, Step, ValueType } from './lowering.ts'
export { hasKernels, lower, operatorKey, operatorKinds } from './table.ts'
