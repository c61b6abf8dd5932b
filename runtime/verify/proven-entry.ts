/** One entry of a state proof, as a proof of the light client. */
import { decode, fromBase64, readTrieProof, type StateProof } from '../core/index.ts'
import type { Proven } from '../consensus/light/index.ts'

type Entry = StateProof['entries'][number]

/** The value of an entry (null: there is none) and its path. Throws `core_not_canonical` or `core_bad_text`; whether it holds, `provenAccount` and its like say. */
export function provenEntry(entry: Entry): Proven {
  const value = entry.value === null ? null : fromBase64(entry.value, 'value')
  return { value, proof: readTrieProof(decode(fromBase64(entry.proof, 'proof'), 'trie proof')) }
}
