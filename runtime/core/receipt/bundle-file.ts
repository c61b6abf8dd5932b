/** The proof bundle as a file: one writer and one reader, so that a bundle has exactly one form of bytes. */
import { cborBlock, CID, decode, equalBytes, type Block } from '../codec/index.ts'
import { bundleCbor, bundleLinks, readBundle, type BundleRoot } from './bundle.ts'
import { fileLength, readCar, walkFile, writeCar, type BlockReader } from '../files/index.ts'
import { limitError, UtnetError } from '../errors.ts'
import { LIMITS } from '../limits.ts'

/**
 * The bundle file of a root: its node, then the blocks behind its links depth-first, each once.
 * `get` gives every block named (receipt, headers, certificates, module, openings, files, models when they come along).
 * Throws `core_too_large` where what the links name is longer than a CAR file may be.
 */
export function writeBundle(root: BundleRoot, get: BlockReader): Uint8Array {
  const top = cborBlock(bundleCbor(root))
  const blocks: Block[] = [top]
  const seen = new Set([top.cid.toString()])
  let length = 0
  for (const link of bundleLinks(root)) {
    walkFile(link, get, seen, blocks)
    // files share blocks: a small bundle could unfold into terabytes
    length += fileLength({ cid: link, bytes: get(link) })
    if (length > LIMITS.carBytes) throw limitError('core_too_large', 'carBytes', length, LIMITS.carBytes, 'what a bundle unfolds into')
  }
  return writeCar([top.cid], blocks)
}

/** A bundle that was read: its root, and its blocks by CID. */
export interface BundleFile {
  readonly root: BundleRoot
  /** A block of the file; throws `block_not_found`. */
  readonly get: BlockReader
}

/** The root and blocks of a bundle file; throws unless writing them again gives the very same bytes (so nothing is missing, extra or out of order). */
export function readBundleFile(bytes: Uint8Array): BundleFile {
  const { roots, blocks } = readCar(bytes)
  const [top] = blocks
  if (roots.length !== 1 || top === undefined || !top.cid.equals(roots[0]))
    throw new UtnetError('bundle_invalid', 'a bundle has one root, and its first block is that root')
  const byCid = new Map(blocks.map((b) => [b.cid.toString(), b.bytes]))
  const get = (cid: CID): Uint8Array => {
    const found = byCid.get(cid.toString())
    if (found === undefined) throw new UtnetError('block_not_found', `the bundle lacks block ${cid.toString()}`)
    return found
  }
  const root = readBundle(decode(top.bytes, 'bundle'))
  if (!equalBytes(writeBundle(root, get), bytes))
    throw new UtnetError('bundle_invalid', 'the bundle has blocks beyond what its root links, or in another order')
  return { root, get }
}
