/** Types and values of WIT. */
export * from './wit-type.ts'
export * from './wit-value.ts'
