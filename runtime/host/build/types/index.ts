/** What an exported function and its values are, on the AssemblyScript side and in WIT. */
export {
  asText,
  type Container,
  type CoreType,
  flatten,
  type GuestType,
  isBoxed,
  isReference,
  isTyped,
  layout,
  liesFlat,
  payloads,
  type RecordField,
  recordLayout,
  type ScalarName,
  type VariantCase,
  variantLayout,
} from './guest-type.ts'
export { camelCase, kebabCase, pascalCase, witName } from './names.ts'
export type { GuestClass, GuestExport, GuestParam, GuestSignatures } from './signature.ts'
