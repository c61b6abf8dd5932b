/** The weight of a function's frame. */
import type { Body, CoreModule } from '../../wasm/index.ts'
import { FunctionCode } from './code.ts'

/** Bytes that a frame of the function weighs: 64, and 8 a scalar and 16 a vector, of parameters, locals and the operand stack at its highest. */
export const frameWeight = (module: CoreModule, body: Body): number => new FunctionCode().read(module, body).weight
