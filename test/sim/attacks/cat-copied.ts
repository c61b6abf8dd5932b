import { cidOf, DAG_CBOR, digest, encode, utf8 } from '../../../runtime/core/index.ts'
import { catChallenge, checkCat, makeCat } from '../../../runtime/consensus/cat/index.ts'
import { seatsOf, signerOf, testChips } from '../../../runtime/consensus/cat/testing/chips.ts'
import { crypto, userOf } from '../../../runtime/consensus/testing/test-kit.ts'
import { broken, held, type Attack } from './attack.ts'

const CHAIN = cidOf(DAG_CBOR, utf8('cat'))

/** Two nodes that are behind one set of chips (what the registry forbids), and one node whose chips answered once and are gone. */
export const catCopied: Attack = {
  name: 'cat-copied',
  of: '4.4',
  aim: 'the answers of chips are shown by another node, or again at a later height when the chips are gone',
  defences: {
    'node-bound': 'the challenge names the node',
    fresh: 'the challenge hangs on height and seed, which nobody knows before the block in front is final',
  },
  run: async (seed, without) => {
    const chips = testChips(`cat ${seed}`, 60)
    const seats = seatsOf(chips)
    const [honest, thief] = [userOf(5).key, userOf(6).key]
    const nobody = new Uint8Array(32)
    const challengeOf = (height: number, node: Uint8Array): Uint8Array =>
      catChallenge(
        CHAIN,
        without.has('fresh') ? 0 : height,
        without.has('fresh') ? nobody : digest('sim', encode([seed, height])),
        without.has('node-bound') ? nobody : node,
      )
    const result = digest('sim', utf8('result'))
    const shown = await makeCat(challengeOf(7, honest), seats, result, signerOf(chips))
    if (shown === undefined) throw new Error('no CAT')
    const said = (height: number, node: Uint8Array): string => checkCat(shown, challengeOf(height, node), seats, crypto).fault ?? 'good'
    if (said(7, honest) !== 'good') throw new Error('an honest CAT does not hold')
    const [copied, old] = [said(7, thief), said(8, honest)]
    const seen = `shown by another node: ${copied}; shown a height later: ${old}`
    return copied === 'good' || old === 'good' ? broken(seen) : held(seen)
  },
}
