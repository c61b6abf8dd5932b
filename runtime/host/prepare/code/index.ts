/** Functions as they came: decoded, with the operand stack, the frame's weight and straight lines of gas. */
export { FRAME, FunctionCode, MARK } from './code.ts'
export { blockType, letterOf, Operands, TYPE, typeOf, weightOf } from './operands.ts'
export { ENDS, localsPrice, Segments } from './segments.ts'
