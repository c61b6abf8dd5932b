/** Records of the rollup in the off-chain trie. All but those of threads are gone once their time is over. */
import {
  asArray,
  asBytes,
  asCid,
  asMap,
  asText,
  asUint,
  amountBytes,
  bytesAmount,
  concatBytes,
  decode,
  encode,
  readBatch,
  UtnetError,
  type BatchStatement,
  type CID,
} from '../../core/index.ts'

/** An anchor whose batches can be refuted. */
export interface AnchorRecord {
  /** Of the block that anchored. */
  readonly height: number
  readonly time: number
  /** Merkle root over the leaves of its batches (`batchLeaf`), and how many there are. */
  readonly root: Uint8Array
  readonly count: number
  /** Leads to the leaves, where the node said so. */
  readonly data: CID | null
}

/** A leaf that was asked for. */
export interface DemandRecord {
  readonly anchor: CID
  /** Of the anchor: what its leaves are held against. */
  readonly height: number
  readonly time: number
  readonly batch: BatchStatement
  readonly index: number
  /** Last height at which it can be shown. */
  readonly deadline: number
  /** Who asked, 20 bytes. */
  readonly from: Uint8Array
  /** What that paid the node for its answer. */
  readonly price: bigint
}

/** What ends with a block. */
export type Due = { readonly kind: 'anchor'; readonly id: CID } | { readonly kind: 'demand'; readonly id: Uint8Array }

const LIMIT = 4096
/** Everything that transactions of one block may add to what ends with another. */
const DUE_LIMIT = 16 * 1024 * 1024

/** Canonical bytes of an anchor's record. */
export function encodeAnchor(r: AnchorRecord): Uint8Array {
  return encode([r.height, r.time, r.root, r.count, r.data])
}

/** The record of its bytes. */
export function decodeAnchor(bytes: Uint8Array): AnchorRecord {
  const list = asArray(decode(bytes, 'anchor record', LIMIT), 'anchor record', 5)
  return {
    height: asUint(list[0], 'height'),
    time: asUint(list[1], 'time'),
    root: asBytes(list[2], 'root', 32),
    count: asUint(list[3], 'count'),
    data: list[4] === null ? null : asCid(list[4], 'data'),
  }
}

/** Canonical bytes of a demand. */
export function encodeDemand(r: DemandRecord): Uint8Array {
  const { anchor, height, time, batch, index, deadline, from, price } = r
  return encode({ anchor, height, time, batch: { ...batch }, index, deadline, from, price: amountBytes(price) })
}

/** The demand of its bytes. */
export function decodeDemand(bytes: Uint8Array): DemandRecord {
  const m = asMap(decode(bytes, 'demand', LIMIT), ['anchor', 'height', 'time', 'batch', 'index', 'deadline', 'from', 'price'], 'demand')
  return {
    anchor: asCid(m['anchor'], 'anchor'),
    height: asUint(m['height'], 'height'),
    time: asUint(m['time'], 'time'),
    batch: readBatch(m['batch']),
    index: asUint(m['index'], 'index'),
    deadline: asUint(m['deadline'], 'deadline'),
    from: asBytes(m['from'], 'from', 20),
    price: bytesAmount(asBytes(m['price'], 'price')),
  }
}

/** The head of a dag-cbor list of so many items. */
function listHead(count: number): Uint8Array {
  if (count < 24) return Uint8Array.of(0x80 | count)
  if (count < 0x100) return Uint8Array.of(0x98, count)
  if (count < 0x1_00_00) return Uint8Array.of(0x99, count >> 8, count & 0xff)
  return Uint8Array.of(0x9a, count >>> 24, (count >> 16) & 0xff, (count >> 8) & 0xff, count & 0xff)
}

/** How many items a list has, by its head, and where they begin. */
function readHead(bytes: Uint8Array): { readonly count: number; readonly at: number } {
  const first = (bytes[0] as number) & 0x1f
  const at = first < 24 ? 1 : 1 + (1 << (first - 24))
  return { count: first < 24 ? first : bytes.subarray(1, at).reduce((n, byte) => n * 256 + byte, 0), at }
}

/**
 * Canonical bytes of what ends with a block, with one more behind them. What stands there is not read again: a block full of anchors would read and write all of them for
 * each.
 */
export function appendDue(bytes: Uint8Array | undefined, { kind, id }: Due): Uint8Array {
  const { count, at } = bytes === undefined ? { count: 0, at: 0 } : readHead(bytes)
  return concatBytes(listHead(count + 1), bytes?.subarray(at) ?? new Uint8Array(0), encode([kind, id]))
}

/** What ends with a block. */
export function decodeDues(bytes: Uint8Array): Due[] {
  return asArray(decode(bytes, 'due list', DUE_LIMIT), 'due list').map((item): Due => {
    const [kind, id] = asArray(item, 'due', 2)
    switch (asText(kind, 'kind')) {
      case 'anchor':
        return { kind: 'anchor', id: asCid(id, 'anchor') }
      case 'demand':
        return { kind: 'demand', id: asBytes(id, 'demand', 32) }
      default:
        throw new UtnetError('data_corrupt', 'what is due is not known')
    }
  })
}
