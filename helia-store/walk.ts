/** One walk over any DAG: depth-first, each block once, bounded. Helia's own walkers visit a shared block once per way to it, which a small hostile DAG makes endless. */
import type { ExportStrategy } from '@helia/car'
import type { GraphNode, GraphWalker, GraphWalkerComponents } from 'helia'
import { asCidV1, DAG_CBOR, DAG_PB, limitError, LIMITS, RAW, type CID } from '../runtime/core/index.ts'
import type { Blocks } from './blocks.ts'

/** Codecs whose links are followed; a block of any other codec is a leaf. */
const LINKING = new Set([DAG_PB, DAG_CBOR])
/** Links into inlined data: there is no block to fetch. */
const IDENTITY = 0

type CreateBlock = (typeof import('multiformats/block'))['createUnsafe']
type GetCodec = GraphWalkerComponents['getCodec']

function* linksOf(block: GraphNode['block']): Generator<CID> {
  for (const [, link] of block.links()) yield link
}

/** Walks the DAG under a root; throws `block_not_found` at a missing block and `core_too_large` over the CAR limits. */
export async function* walkDag<T>(root: CID, blocks: Blocks, getCodec: GetCodec, createBlock: CreateBlock): AsyncGenerator<GraphNode<T>> {
  const seen = new Set<string>()
  // One iterator a level instead of a list of all links that wait: memory stays that of the path.
  const levels: Iterator<CID>[] = [[root].values()]
  let total = 0
  while (levels.length > 0) {
    const next = (levels[levels.length - 1] as Iterator<CID>).next()
    if (next.done === true) {
      levels.pop()
      continue
    }
    const cid = next.value
    const key = asCidV1(cid).toString()
    if (cid.multihash.code === IDENTITY || seen.has(key)) continue
    if (seen.size === LIMITS.carBlocks)
      throw limitError('core_too_large', 'carBlocks', seen.size + 1, LIMITS.carBlocks, `DAG ${root.toString()}`)
    seen.add(key)
    const bytes = blocks.get(cid)
    total += bytes.length
    if (total > LIMITS.carBytes) throw limitError('core_too_large', 'carBytes', total, LIMITS.carBytes, `DAG ${root.toString()}`)
    const block = createBlock<T, number, number, 0 | 1>({
      cid: cid as CID<T>,
      bytes,
      codec: await getCodec(LINKING.has(cid.code) ? cid.code : RAW),
    })
    yield { block, depth: levels.length - 1, path: [root] }
    levels.push(linksOf(block))
  }
}

/** The walk as Helia's pins take it. */
export const graphWalker =
  (blocks: Blocks, createBlock: CreateBlock) =>
  (components: GraphWalkerComponents): GraphWalker => ({
    walk: <T>(cid: CID) => walkDag<T>(cid, blocks, components.getCodec, createBlock),
  })

/** The walk as @helia/car takes it. */
export function dagExporter(blocks: Blocks, createBlock: CreateBlock): ExportStrategy {
  return {
    async *export(cid, _blockstore, getCodec) {
      for await (const node of walkDag(cid, blocks, getCodec, createBlock)) yield node.block
    },
  }
}
