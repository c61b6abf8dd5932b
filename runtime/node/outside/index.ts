/** What guests reach beyond themselves: HTTP to the outside, buckets in the node's store. */
export { createBuckets } from './buckets.ts'
export { createFetcher } from './fetcher.ts'
