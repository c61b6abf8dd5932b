/** An event or a transaction of a final block with its proof (`utnet chain events --proof`). */
import {
  decodeHeader,
  formatAddress,
  formatCborJson,
  fromBase64,
  fromHex,
  headerHash,
  keyAddress,
  leafHash,
  readEventLeaf,
  readTxHead,
  toHex,
  verifyInclusion,
  type ChainEntry,
  type EntryProof,
} from '../core/index.ts'
import { Checks, must, needs, type Verification } from './checks.ts'
import { followEpochs, readSteps } from './epochs.ts'
import { mustBeFinal, readHeader } from './final-header.ts'
import { same } from './same-json.ts'
import { findRoot, type TrustOptions } from './trust.ts'

/** Deeper than the tree of any block. */
const PATH_MAX = 52

/** What the leaf says of the entry: everything in it that a root of the header binds. */
function saidBy(entry: ChainEntry, leaf: Uint8Array): Readonly<Record<string, unknown>> {
  if (entry.type === 'event') {
    const { tx, event } = readEventLeaf(leaf)
    return { tx: tx.toString(), contract: formatAddress(event.contract), name: event.name, data: formatCborJson(event.data) }
  }
  const { id, kind, sender } = readTxHead(leaf)
  return { tx: id.toString(), kind, sender: formatAddress(keyAddress(sender)) }
}

const ROOTS = { event: 'eventRoot', transaction: 'txRoot' } as const

/**
 * Checks that a final block of a trusted chain holds the entry. Never throws. Of a transaction it shows that it stands in the block, from whom and of what
 * kind; how it ended (`status`, `receipt`) is the node's word: the receipt's bundle shows it.
 */
export function verifyChainEntry(json: unknown, options: TrustOptions): Verification {
  const checks = new Checks()
  const read = checks.run('entry', () => {
    const entry = json as ChainEntry & { readonly proof: EntryProof }
    must(typeof entry === 'object' && entry !== null && Object.hasOwn(ROOTS, entry.type), 'it is no entry of a chain')
    must(typeof entry.proof === 'object' && entry.proof !== null, 'it has no proof: ask for one with utnet chain events --proof')
    must(entry.proof.root === ROOTS[entry.type], `an entry of type ${entry.type} stands in the ${ROOTS[entry.type]}`)
    const leaf = fromBase64(entry.proof.leaf, 'leaf')
    for (const [key, value] of Object.entries(saidBy(entry, leaf)))
      must(same((entry as unknown as Record<string, unknown>)[key], value), `${key} is not what the leaf says`)
    return [{ entry, leaf }, entry.type === 'event' ? `event of transaction ${entry.tx}` : `transaction ${entry.tx}`]
  })
  const entry = () => needs(read, 'entry').entry
  const bytes = (): Uint8Array => fromBase64(entry().proof.header, 'header')
  const trusted = checks.run('trust', () => findRoot(decodeHeader(bytes()).chainId, null, options))
  const reach = checks.run('epochs', () => {
    const steps = entry().proof.epochs.map((step) => fromBase64(step, 'epoch step'))
    return followEpochs(needs(trusted, 'trust'), readSteps(steps), options)
  })
  const header = checks.run('header', () => {
    const { header: found, point } = readHeader(bytes(), needs(reach, 'epochs'), 'the block')
    const { height, time, block } = entry()
    must(height === found.height, `the entry names block ${height}, but the header shown is of ${found.height}`)
    must(time === found.time, "the entry's time is not its block's")
    must(block === toHex(headerHash(found)), "the entry's block is not the one of the header shown")
    return [{ header: found, point }, `block ${found.height} of this chain, ${new Date(found.time).toISOString()}`]
  })
  checks.run('certificate', () => {
    const certificate = fromBase64(entry().proof.certificate, 'certificate')
    return [true, mustBeFinal(needs(header, 'header'), certificate, needs(trusted, 'trust').chainId)]
  })
  checks.run('inclusion', () => {
    const { leaf } = needs(read, 'entry')
    const { root, index, path } = entry().proof
    must(Array.isArray(path) && path.length <= PATH_MAX, 'the path is longer than any tree is deep')
    const siblings = path.map((hash) => fromHex(hash, 'path'))
    must(
      verifyInclusion(leafHash(leaf), index, 2 ** siblings.length, siblings, needs(header, 'header').header[root]),
      `the path does not lead into the block's ${root}`,
    )
    return [true, `leaf ${index} of the ${root}`]
  })
  return checks.verdict()
}
