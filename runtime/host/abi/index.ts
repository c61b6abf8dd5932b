/** The canonical ABI of the component model. */
export { exportGlue, importGlue, type CoreFunction, type ExportGlue, type ImportGlue } from './call.ts'
export { jspi } from './jspi.ts'
export type { Core } from './values.ts'
export { coreSignature, layoutOf, type CoreSignature, type Layout } from './layout.ts'
export { GuestMemory, GuestTrap, type Meter, type StringEncoding } from './memory.ts'
export { LimitTrap } from './limit-trap.ts'
export {
  hasText,
  hostFunction,
  offered,
  signatureText,
  wit,
  type Caller,
  type CoreForm,
  type HostFunction,
  type HostInterfaces,
  type Metered,
} from './wit.ts'
