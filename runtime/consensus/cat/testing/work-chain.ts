/** A real chain of four nodes with certified chips of their own, driven block by block: what a block carries is the test's to choose. */
import { digest, encode, equalBytes, leaderOf, type Genesis } from '../../../core/index.ts'
import { assignOf, chipOf, claimOf, type TestChip } from '../../power/testing/chips.ts'
import { powerChain } from '../../power/testing/power-chain.ts'
import { crypto, userOf, type TestValidator } from '../../testing/test-kit.ts'
import type { Chain, ProducedBlock } from '../../index.ts'
import { encodeBlockVerdict, makeCat, verdictMessage, type BlockVerdict, type CatEnvironment, type SampledTask } from '../index.ts'
import { signerOf } from './chips.ts'

const vendor = userOf(99)
const EPOCH = 4

/** Stands in for operators: a digest of the task. */
export const simulatedResult = ({ challenge, operator }: SampledTask): Uint8Array => digest('test', encode([operator, challenge]))
export const simulatedEnvironment: CatEnvironment = { run: (task) => Promise.resolve(simulatedResult(task)) }

export interface WorkChain {
  readonly chain: Chain
  readonly nodes: readonly TestValidator[]
  readonly chips: ReadonlyMap<TestValidator, readonly TestChip[]>
  /** Who proposes the next block. */
  leader(): TestValidator
  /** A good CAT of the next block, of its proposer or another node. */
  cat(of?: TestValidator): Promise<Uint8Array>
  /** What the operator of a height gives. */
  result(height: number): Uint8Array
  /** Votes of members (places in the set of the height) added up. */
  verdict(height: number, ok: boolean, voters: readonly number[], over?: Partial<BlockVerdict>): Uint8Array
  /** The next block; without a CAT and verdicts where none are given. */
  block(work?: { readonly cat?: Uint8Array; readonly verdicts?: readonly Uint8Array[] }): Promise<ProducedBlock>
}

/** The chain at the end of its second epoch, each node with `chips` chips that count from the next block on. */
export async function workChain(over: Partial<Pick<Genesis, 'environment' | 'blockReward'>> = {}, count = 2): Promise<WorkChain> {
  const p = await powerChain([1, 1, 1, 1], { vendors: [{ name: 'maker', key: vendor.key }], epochBlocks: EPOCH, blockReward: 10n, ...over })
  const { chain, nodes } = p
  const chips = new Map(
    nodes.map((node, n) => [node, Array.from({ length: count }, (_, i) => chipOf(`work ${n} ${i}`, { vendor }))] as const),
  )
  const own = [...chips].flatMap(([node, list]) => list.map((chip) => [node, chip] as const))
  const claims = await p.block(
    ...own.map(([node, chip]) => [node, { kind: 'chip', action: claimOf(chip, chain.chainId, node.address) }] as const),
  )
  const seated = await p.block(
    ...own.map(([node, chip]) => [node, { kind: 'chip', action: assignOf(chip, chain.chainId, 0, node, node.address) }] as const),
  )
  const wrong = [...claims, ...seated].find((status) => status !== 'ok')
  if (wrong !== undefined) throw new Error(`chips are not taken: ${wrong}`)
  await p.toHeight(2 * EPOCH)

  const next = (): number => chain.head().header.height + 1
  const memberOf = (height: number, place: number): TestValidator => {
    const key = chain.setAt(height)[place]?.key as Uint8Array
    return nodes.find((node) => equalBytes(node.key, key)) as TestValidator
  }
  const resultAt = (height: number): Uint8Array => simulatedResult(chain.task(chain.headerAt(height).header.proposer, height))
  const leader = (): TestValidator => memberOf(next(), leaderOf(chain.head().header.seed, 0, chain.setAt(next())))
  return {
    chain,
    nodes,
    chips,
    leader,
    result: resultAt,
    cat: async (of = leader()) => {
      const task = chain.task(of.key, next())
      const signer = signerOf(chips.get(of) as readonly TestChip[])
      return (await makeCat(task.challenge, chain.catSeats(of.key, next()), await simulatedEnvironment.run(task), signer)) as Uint8Array
    },
    verdict: (height, ok, voters, changed = {}) => {
      const { hash } = chain.headerAt(height)
      // who says no came to something else
      const result = resultAt(height).map((byte) => (ok ? byte : byte ^ 1))
      const message = verdictMessage(chain.chainId, height, hash, ok, result)
      const signers = Uint8Array.of(voters.reduce((bits, i) => bits | (1 << i), 0))
      const signature = crypto.blsAggregate(voters.map((i) => memberOf(height, i).voter.sign(message)))
      return encodeBlockVerdict({ height, ok, result, signers, signature, ...changed })
    },
    block: (work = {}) =>
      chain.produce({
        timeMs: chain.head().header.time + 1_000,
        proposer: leader().proposer,
        voters: nodes.map((node) => node.voter),
        ...work,
      }),
  }
}
