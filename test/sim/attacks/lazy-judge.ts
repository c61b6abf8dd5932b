import { equalBytes, toHex } from '../../../runtime/core/index.ts'
import { RoundWork } from '../../../runtime/consensus/bft/index.ts'
import { type Verdict } from '../../../runtime/consensus/messages/index.ts'
import { decodeCat, verdictMessage, type CatEnvironment } from '../../../runtime/consensus/cat/index.ts'
import { signerOf } from '../../../runtime/consensus/cat/testing/chips.ts'
import { simulatedEnvironment, workChain, type WorkChain } from '../../../runtime/consensus/cat/testing/work-chain.ts'
import type { TestChip } from '../../../runtime/consensus/power/testing/chips.ts'
import type { ChainCrypto } from '../../../runtime/consensus/index.ts'
import { crypto, type TestValidator } from '../../../runtime/consensus/testing/test-kit.ts'
import { broken, held, type Attack } from './attack.ts'

/** Signatures are taken for anybody's of the set. */
function anyKey(w: WorkChain): Pick<ChainCrypto, 'blsVerifyAll' | 'blsAggregate'> {
  const keys = w.nodes.map(({ voter }) => voter.bls)
  return {
    ...crypto,
    blsVerifyAll: (checks) => checks.every(({ signature, message }) => keys.some((key) => crypto.blsVerify(signature, message, key))),
  }
}

function partOf(w: WorkChain, node: TestValidator, environment: CatEnvironment, port: ReturnType<typeof anyKey>): RoundWork {
  const chips = signerOf(w.chips.get(node) as readonly TestChip[])
  return new RoundWork(w.chain, node.key, { environment, chips, voter: node.voter, crypto: port })
}

/**
 * Four judges of the same power, of whom one works: it proposes next. Three others vote yes on a block, and have the block and the first one's vote to go by. Without
 * `hidden` they are told the result, as by a block that shows it.
 */
export const lazyJudge: Attack = {
  name: 'lazy-judge',
  of: '4.3',
  aim: 'validators who run no operator judge the work of a round, by guess or by the votes of others',
  defences: {
    hidden: 'a block shows a digest of the result, and a verdict is signed over the result itself',
    'own-key': 'a vote counts under the key of its voter alone, so that a copied one is nobody’s',
  },
  run: async (_seed, without) => {
    const w = await workChain()
    await w.block({ cat: await w.cat() })
    const { chain } = w
    const { header, hash } = chain.head()
    const { height } = header
    const port = without.has('own-key') ? anyKey(w) : crypto
    const worker = w.leader()
    const part = partOf(w, worker, simulatedEnvironment, port)
    const vote = (await part.judge(height)) as Verdict
    const shown = decodeCat(chain.blockAt(height).cat).result
    const known = without.has('hidden') ? w.result(height) : shown
    const guess = verdictMessage(chain.chainId, height, hash, true, known)
    const lazy = w.nodes.filter((node) => node !== worker)
    const placeOf = (node: TestValidator): number => chain.setAt(height).findIndex(({ key }) => equalBytes(key, node.key))
    for (const node of lazy) {
      const own = { ...vote, voter: placeOf(node), block: toHex(hash) }
      part.take('lazy', { ...own, signature: node.voter.sign(guess) })
      // heard to say something else, it is looked at at once
      part.take('lazy', { ...own, signature: vote.signature })
      part.take('lazy', { ...own, signature: node.voter.sign(guess) })
    }
    const verdicts = (await part.propose())?.verdicts ?? []
    const seen = verdicts.length === 0 ? 'no vote of theirs is counted' : 'the next proposer counts votes of judges who ran nothing'
    return verdicts.length === 0 ? held(seen) : broken(seen)
  },
}
