/** Hashes of leaves and inner nodes, many at a time. */
export { hashLeaves } from './leaf-hashes.ts'
export { KNOWN, Nodes } from './nodes.ts'
