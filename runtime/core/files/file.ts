/**
 * Reading files in our own layout (see `fileBlocks`) without a UnixFS library: a node counts only when it re-encodes to the same bytes,
 * so whoever reads this way sees exactly one form of a file node.
 */
import { CID } from 'multiformats/cid'
import { DAG_PB, equalBytes, fileNode, RAW, readVarint, type Block, type FilePart } from '../codec/index.ts'
import { limitError, UtnetError } from '../errors.ts'
import { LIMITS } from '../limits.ts'

/** Gives a block's bytes, already checked against the CID; throws when it is not there. */
export type BlockReader = (cid: CID) => Uint8Array

/** Levels of nodes over the leaves that a file within the limits can have, and one to spare. */
const MAX_DEPTH = 4

/** Reads one protobuf field of the wanted key (varint or bytes); undefined when something else stands there. */
function field(
  bytes: Uint8Array,
  at: number,
  key: number,
): { readonly value: number; readonly body: Uint8Array; readonly next: number } | undefined {
  if (bytes[at] !== key) return undefined
  const head = readVarint(bytes, at + 1)
  if (head === undefined) return undefined
  if ((key & 7) === 0) return { value: head.value, body: bytes.subarray(0, 0), next: head.next }
  const next = head.next + head.value
  return next > bytes.length ? undefined : { value: head.value, body: bytes.subarray(head.next, next), next }
}

function readLink(body: Uint8Array): { readonly cid: CID; readonly total: number } | undefined {
  const hash = field(body, 0, 0x0a)
  const name = hash && field(body, hash.next, 0x12)
  const total = name && field(body, name.next, 0x18)
  if (hash === undefined || name?.value !== 0 || total?.next !== body.length) return undefined
  try {
    return { cid: CID.decode(hash.body), total: total.value }
  } catch {
    return undefined
  }
}

/** The children of a file node of our layout, in order; undefined when the bytes are any other dag-pb (or none). */
export function readFileNode(bytes: Uint8Array): readonly FilePart[] | undefined {
  const links: { readonly cid: CID; readonly total: number }[] = []
  let at = 0
  for (let link = field(bytes, at, 0x12); link !== undefined; link = field(bytes, at, 0x12)) {
    const read = readLink(link.body)
    if (read === undefined || links.length === LIMITS.fileWidth) return undefined
    links.push(read)
    at = link.next
  }
  const data = field(bytes, at, 0x0a)
  if (links.length < 2 || data === undefined || data.next !== bytes.length) return undefined
  const type = field(data.body, 0, 0x08)
  const total = type && field(data.body, type.next, 0x18)
  if (total === undefined) return undefined
  const parts: FilePart[] = []
  at = total.next
  for (const link of links) {
    const size = field(data.body, at, 0x20)
    // An empty child would let a small file name endless blocks.
    if (size === undefined || size.value === 0) return undefined
    parts.push({ ...link, size: size.value })
    at = size.next
  }
  return equalBytes(fileNode(parts).bytes, bytes) ? parts : undefined
}

const sizeOf = (parts: readonly FilePart[]): number => parts.reduce((n, p) => n + p.size, 0)

/** What a file of our layout will be long, by the block of its root; of any other block its length. */
export function fileLength({ cid, bytes }: Block): number {
  const parts = cid.code === DAG_PB ? readFileNode(bytes) : undefined
  return parts === undefined ? bytes.length : sizeOf(parts)
}

/**
 * The bytes of a file of our layout under its root; undefined when it has a node of another layout.
 * Throws `core_too_large` over `maxBytes`, `block_mismatch` when the root is no file or a part has another size than its parent says, and whatever `get` throws.
 */
export function readFile(root: CID, get: BlockReader, maxBytes: number = LIMITS.carBytes): Uint8Array | undefined {
  if (root.code !== RAW && root.code !== DAG_PB) throw new UtnetError('block_mismatch', `${root.toString()} is not a file`)
  const top = get(root)
  const parts = root.code === DAG_PB ? readFileNode(top) : undefined
  if (parts === undefined && root.code === DAG_PB) return undefined
  const size = parts === undefined ? top.length : sizeOf(parts)
  if (size > maxBytes) throw limitError('core_too_large', 'carBytes', size, maxBytes, `file ${root.toString()}`)
  if (parts === undefined) return top
  const out = new Uint8Array(size)
  let at = 0
  let visits = 0
  /** False at a node of another layout. */
  const visit = (part: FilePart, depth: number): boolean => {
    if (++visits > LIMITS.carBlocks) throw limitError('core_too_large', 'carBlocks', visits, LIMITS.carBlocks, `file ${root.toString()}`)
    if (part.cid.code !== RAW && (part.cid.code !== DAG_PB || depth === MAX_DEPTH)) return false
    const bytes = get(part.cid)
    const children = part.cid.code === RAW ? undefined : readFileNode(bytes)
    if (children === undefined && part.cid.code === DAG_PB) return false
    if ((children === undefined ? bytes.length : sizeOf(children)) !== part.size) {
      throw new UtnetError(
        'block_mismatch',
        `part ${part.cid.toString()} of file ${root.toString()} is not of the size that its parent says`,
      )
    }
    if (children !== undefined) return children.every((child) => visit(child, depth + 1))
    out.set(bytes, at)
    at += bytes.length
    return true
  }
  return parts.every((part) => visit(part, 1)) ? out : undefined
}

/** Blocks of a file of our layout, its root first, depth-first, each once; throws `bundle_invalid` on a node of another layout. */
export function walkFile(root: CID, get: BlockReader, seen: Set<string>, out: Block[], depth = 0): void {
  const key = root.toString()
  if (seen.has(key)) return
  if (seen.size >= LIMITS.carBlocks) throw limitError('core_too_large', 'carBlocks', seen.size + 1, LIMITS.carBlocks, 'blocks of a bundle')
  seen.add(key)
  const bytes = get(root)
  out.push({ cid: root, bytes })
  if (root.code !== DAG_PB) return
  const parts = readFileNode(bytes)
  if (parts === undefined || depth === MAX_DEPTH) throw new UtnetError('bundle_invalid', `${key} is not a file node`)
  for (const part of parts) walkFile(part.cid, get, seen, out, depth + 1)
}
