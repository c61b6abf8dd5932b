/** Roots of tensors, made in a thread of their own. */
export { Hasher, type Hashing, type HashRequest } from './hasher.ts'
