/** What is read from final blocks: by height and key, by search, by who holds power. */
export { catSeats, epochStep } from './power.ts'
export {
  accountAt,
  batchAnchor,
  batchHead,
  blockAt,
  bloomAt,
  callReceipt,
  contractRecord,
  demands,
  type FinalBlock,
  type FinalHeader,
  findTx,
  type FoundTx,
  guestAt,
  type GuestRecord,
  hasReceipt,
  headerAt,
  listGuests,
  lowestState,
  nodeProof,
  openRequest,
  prove,
  type ProvenValue,
  receiptBody,
  stateOf,
} from './reads.ts'
export { type ChainFilter, type ChainSearch, type FoundEntry, type FoundPage, type LeafProof, proveEntry, searchChain } from './search.ts'
