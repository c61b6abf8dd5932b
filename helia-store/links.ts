/** The links of a block, and the rule that a CAR file holds nothing but what lies under its roots. */
import * as dagCbor from '@ipld/dag-cbor'
import { asCidV1, CID, DAG_CBOR, DAG_PB, readVarint, UtnetError, type Block, type Car } from '../runtime/core/index.ts'

type Field = { readonly key: number; readonly body: Uint8Array; readonly next: number }

/** One protobuf field; the types that dag-pb uses only (varint, bytes). */
function field(bytes: Uint8Array, at: number): Field | undefined {
  const key = bytes[at] as number
  const head = readVarint(bytes, at + 1)
  if (head === undefined) return undefined
  if ((key & 7) === 0) return { key, body: bytes.subarray(0, 0), next: head.next }
  const next = head.next + head.value
  return (key & 7) !== 2 || next > bytes.length ? undefined : { key, body: bytes.subarray(head.next, next), next }
}

function* fields(bytes: Uint8Array, what: string): Generator<Field> {
  for (let at = 0; at < bytes.length;) {
    const found = field(bytes, at)
    if (found === undefined) throw new UtnetError('bundle_invalid', `${what} is not dag-pb`)
    yield found
    at = found.next
  }
}

/** Key of PBNode.Links and of PBLink.Hash in the dag-pb specification. */
const LINKS = 0x12
const HASH = 0x0a
const SHA2_256 = 0x12

function pbLinks({ cid, bytes }: Block): CID[] {
  const what = `block ${cid.toString()}`
  const links: CID[] = []
  for (const node of fields(bytes, what)) {
    if (node.key !== LINKS) continue
    for (const link of fields(node.body, what)) if (link.key === HASH) links.push(CID.decode(link.body))
  }
  return links
}

function cborLinks(value: unknown, into: CID[]): CID[] {
  const waiting: unknown[] = [value]
  while (waiting.length > 0) {
    const item = waiting.pop()
    if (typeof item !== 'object' || item === null || item instanceof Uint8Array) continue
    const cid = CID.asCID(item)
    if (cid !== null) into.push(cid)
    else for (const child of Object.values(item)) waiting.push(child)
  }
  return into
}

/** CIDs that a block links; a block of a codec without links (raw, or one not known) has none. Throws `bundle_invalid` when it is not what its codec says. */
export function linksOf(block: Block): CID[] {
  try {
    if (block.cid.code === DAG_PB) return pbLinks(block)
    return block.cid.code === DAG_CBOR ? cborLinks(dagCbor.decode(block.bytes), []) : []
  } catch (cause) {
    if (cause instanceof UtnetError) throw cause
    throw new UtnetError('bundle_invalid', `block ${block.cid.toString()} cannot be read under its codec`, { cause })
  }
}

/**
 * Throws `bundle_invalid` unless every root is in the file and every block lies under a root. A hash alone does not see a changed codec or root
 * (the same digest makes another valid CID); this does. Blocks under a root may be missing: the CAR of a path is such a file.
 */
export function checkReach(car: Car): void {
  const waiting = new Map(car.blocks.map((b) => [b.cid.toString(), b]))
  const next: Block[] = []
  const reach = (cid: CID): boolean => {
    const key = cid.toString()
    const block = waiting.get(key)
    if (block !== undefined) next.push(block)
    return waiting.delete(key)
  }
  for (const root of new Map(car.roots.map((r) => [r.toString(), r])).values()) {
    if (!reach(root)) throw new UtnetError('bundle_invalid', `the CAR file lacks its root ${root.toString()}`)
  }
  for (let block = next.pop(); block !== undefined; block = next.pop()) {
    for (const link of linksOf(block)) if (link.multihash.code === SHA2_256) reach(asCidV1(link))
  }
  const [lost] = waiting.keys()
  if (lost !== undefined) throw new UtnetError('bundle_invalid', `block ${lost} of the CAR file lies under none of its roots`)
}
