/** Blocks: headers, execution, bloom filters. */
export { bloomDigest, fingerprint, fingerprints, holdsPrint, makeBloom, mayContain, type BloomItem, type BloomKind } from './bloom.ts'
export { executeAll, executeFitting, type Execution, type Parent, type Skipped, type Work } from './execute.ts'
export {
  asParent,
  checkHeaderRoots,
  checkHeaderStart,
  completeHeader,
  startHeader,
  type HeaderRules,
  type HeaderStart,
  type ParentHeader,
} from './header.ts'
