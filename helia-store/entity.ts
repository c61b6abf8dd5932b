/**
 * The blocks of one entity: those that reading a file or some bytes of it takes, or listing a directory (IPFS Trustless Gateway, `dag-scope` and
 * `entity-bytes`). Of whatever is not UnixFS that is its root.
 */
import type { ExportStrategy } from '@helia/car'
import type { UnixFS } from 'ipfs-unixfs'
import { asCidV1, DAG_PB, limitError, LIMITS, RAW, type CarScope, type CID } from '../runtime/core/index.ts'
import type { Blocks } from './blocks.ts'

type CreateBlock = (typeof import('multiformats/block'))['createUnsafe']

/** A decoded dag-pb node (its specification). */
interface PbNode {
  readonly Data?: Uint8Array
  readonly Links: readonly { readonly Hash: CID; readonly Name?: string }[]
}

/** Bytes of an entity: the first, and one past the last. */
type Span = readonly [start: number, end: number]

interface Child {
  readonly cid: CID
  /** Undefined of a shard, which holds names and no bytes. */
  readonly span: Span | undefined
}

/** What a node is in its entity: how many bytes it and its children hold, and the children. */
interface Node {
  readonly size: number
  readonly children: readonly Child[]
}

function nodeOf({ Data, Links }: PbNode, unixfs: typeof UnixFS): Node {
  const none = { size: 0, children: [] }
  if (Data === undefined) return none
  const entry = unixfs.unmarshal(Data)
  if (entry.type === 'hamt-sharded-directory') {
    // A link to an entry has the entry's name behind the digits of its place; one to a shard has only these.
    const digits = (Number(entry.fanout ?? 256n) - 1).toString(16).length
    return { size: 0, children: Links.filter(({ Name }) => Name?.length === digits).map(({ Hash }) => ({ cid: Hash, span: undefined })) }
  }
  if (entry.type !== 'file' && entry.type !== 'raw') return none
  let at = entry.data?.length ?? 0
  const children = Links.map(({ Hash }, i): Child => {
    const start = at
    at += Number(entry.blockSizes[i] ?? 0n)
    return { cid: Hash, span: [start, at] }
  })
  return { size: at, children }
}

/** The bytes that are asked for of an entity of a size; empty where none of them is in it. */
function spanOf([first, last]: NonNullable<CarScope['bytes']>, size: number): Span {
  const start = first < 0 ? Math.max(size + first, 0) : first
  const end = last === null ? size : Math.min((last < 0 ? size + last : last) + 1, size)
  return [start, Math.max(end, start)]
}

/** Exports the root, with `entity` the blocks below it that the entity or the bytes of it take, depth-first, each once. */
export function entityExporter(blocks: Blocks, createBlock: CreateBlock, unixfs: typeof UnixFS, scope: CarScope): ExportStrategy {
  return {
    async *export(root, _blockstore, getCodec) {
      const pb = await getCodec(DAG_PB)
      const raw = await getCodec(RAW)
      const yielded = new Set<string>()
      const visited = new Set<string>()
      let visits = 0
      const waiting: Child[] = [{ cid: root, span: undefined }]
      for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
        const { cid, span } = next
        if (++visits > LIMITS.carBlocks)
          throw limitError('core_too_large', 'carBlocks', visits, LIMITS.carBlocks, `entity ${root.toString()}`)
        const key = asCidV1(cid).toString()
        const bytes = blocks.get(cid)
        const block = createBlock({ cid, bytes, codec: cid.code === DAG_PB ? pb : raw })
        if (!yielded.has(key)) yield block
        yielded.add(key)
        if (scope.dag === 'block' || cid.code !== DAG_PB) continue
        const node = nodeOf(block.value as PbNode, unixfs)
        // The root is the entity, and asked for by its own size; below it a part is asked for by its parent.
        const wanted = span ?? (scope.bytes === undefined ? [0, node.size] : spanOf(scope.bytes, node.size))
        // The same block can stand at two places of a file and be wanted in part at each.
        const visit = `${key} ${Math.max(wanted[0], 0)} ${Math.min(wanted[1], node.size)}`
        if (visited.has(visit)) continue
        visited.add(visit)
        const below: Child[] = []
        for (const child of node.children) {
          if (child.span === undefined) {
            below.push(child)
            continue
          }
          const [start, end] = child.span
          const part: Span = [Math.max(wanted[0], start) - start, Math.min(wanted[1], end) - start]
          if (part[0] < part[1]) below.push({ cid: child.cid, span: part })
        }
        waiting.push(...below.reverse())
      }
    },
  }
}
