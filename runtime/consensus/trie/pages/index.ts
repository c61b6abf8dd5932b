/** Pages at rest: leaves, buckets of leaves, branches above them. */
export { Branch, BRANCH, BRANCH_BYTES, BRANCH_ROW_BYTES, EMPTY, isBucket, LAST, levelOf, NODES, Shape, sideOf } from './branch.ts'
export { Bucket, BUCKET_BYTES, BUCKET_LEAVES, bucketBytes } from './bucket.ts'
export { Leaf, LEAF_BYTES, leafSizeOf, putLeaf } from './leaf.ts'
