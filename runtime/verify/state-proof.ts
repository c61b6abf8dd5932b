/** A state proof (`query --proof`): values of a final block's tries. */
import { fromBase64, verifyTrieProof, type CID, type StateProof } from '../core/index.ts'
import { Checks, must, needs, type Verification } from './checks.ts'
import { followEpochs, readSteps } from './epochs.ts'
import { mustBeFinal, readHeader } from './final-header.ts'
import { provenEntry } from './proven-entry.ts'
import { findRoot, type TrustOptions } from './trust.ts'

/** Entries that one proof may have. */
const ENTRIES_MAX = 10_000

/**
 * Checks that a final block of the chain holds every entry of the proof (an entry whose value is null: that it holds nothing there).
 * Never throws. What the entries mean is the caller's to say.
 */
export function verifyStateProof(proof: StateProof, chainId: CID, options: TrustOptions): Verification {
  const checks = new Checks()
  const trusted = checks.run('trust', () => findRoot(chainId, null, options))
  const reach = checks.run('epochs', () => {
    const steps = proof.epochs.map((step) => fromBase64(step, 'epoch step'))
    return followEpochs(needs(trusted, 'trust'), readSteps(steps), options)
  })
  const header = checks.run('header', () => {
    const found = readHeader(fromBase64(proof.header, 'header'), needs(reach, 'epochs'), 'the block')
    const { height } = found.header
    must(proof.height === height, `the proof names block ${proof.height}, but the header shown is of ${height}`)
    return [found, `block ${height} of this chain`]
  })
  checks.run('certificate', () => [true, mustBeFinal(needs(header, 'header'), fromBase64(proof.certificate, 'certificate'), chainId)])
  checks.run('state', () => {
    const { state } = needs(header, 'header').header
    const entries: StateProof['entries'] = proof.entries
    must(entries.length > 0 && entries.length <= ENTRIES_MAX, `a proof has 1 to ${ENTRIES_MAX} entries`)
    entries.forEach((entry, i) => {
      must(Object.hasOwn(state, entry.trie), `entry ${i} names no trie`)
      const { value, proof: path } = provenEntry(entry)
      must(
        verifyTrieProof(state[entry.trie], fromBase64(entry.key, 'key'), value, path),
        `entry ${i} is not in the ${entry.trie} of this block`,
      )
    })
    return [true, `${entries.length} entries hold at block ${proof.height}`]
  })
  return checks.verdict()
}
