/** One block from end to end, for a driver that holds enough of the power to certify it. */
import { equalBytes, leaderOf, UtnetError, type Certificate, type CID } from '../../core/index.ts'
import type { Proposer, Voter } from '../crypto-port.ts'
import { fateError } from '../mempool/index.ts'
import type { ProducedBlock, ProduceOptions } from './api.ts'
import {
  buildBlock,
  checkTxs,
  executeBlock,
  type BuildOptions,
  commitBlock,
  makeCertificate,
  pendingBlock,
  signVotes,
  voteFor,
  voteRows,
  type VoteRows,
} from './blocks/index.ts'
import type { ChainCore, ExecutedBlock } from './head/index.ts'
import type { Block } from './rows/index.ts'

/** Votes with the given keys and makes the certificate. */
export async function certify(core: ChainCore, executed: ExecutedBlock, voters: readonly Voter[]): Promise<Certificate> {
  return makeCertificate(core, executed, await voteFor(core, executed, voters))
}

/** Builds the next block from what waits. `dropped` are out of the pool: this node could not run them. */
export function proposeBlock(
  core: ChainCore,
  options: Omit<BuildOptions, 'txs'>,
): { readonly executed: ExecutedBlock; readonly dropped: readonly { readonly id: CID; readonly error: unknown }[] } {
  const built = buildBlock(core, options)
  const dropped: { id: CID; error: unknown }[] = []
  for (const { tx, error } of built.skipped) for (const gone of core.mempool.drop(tx.hash)) dropped.push({ id: gone.id, error })
  return { executed: built.executed, dropped }
}

/** Runs another's block, with its signatures checked at once; throws as `executeBlock`. */
export async function runBlock(core: ChainCore, block: Block, parentCertificate?: Certificate | null): Promise<ExecutedBlock> {
  return executeBlock(core, block, parentCertificate, await checkTxs(core, block))
}

/** Builds, votes for and commits the next block; first finishes one that was voted for before a crash. */
export async function produce(core: ChainCore, options: ProduceOptions): Promise<ProducedBlock> {
  if (core.producing) throw new UtnetError('node_internal', 'a block is being produced')
  core.producing = true
  try {
    return await produceNext(core, options)
  } finally {
    core.producing = false
  }
}

/** How many rounds a driver looks ahead for one of its own: more than a thousandth of the power nearly always has one. */
const OWN_ROUNDS = 10_000

/** The first round that the proposer leads: who drives alone waits for nobody. */
function ownRound(core: ChainCore, proposer: Proposer): number {
  const { header } = core.head
  const set = core.sets.at(header.height + 1)
  const own = set.findIndex((v) => equalBytes(v.key, proposer.key))
  for (let round = 0; own >= 0 && round < OWN_ROUNDS; round++) if (leaderOf(header.seed, round, set) === own) return round
  throw new UtnetError('chain_invalid', `this node leads no round at height ${header.height + 1}`, {
    hint:
      own < 0 ? 'its node key is not in the set: see utnet chain power' : 'its share of the power is too small to drive the chain alone',
  })
}

async function produceNext(core: ChainCore, options: ProduceOptions): Promise<ProducedBlock> {
  const dropped: { id: CID; error: unknown }[] = []
  const begun = pendingBlock(core)
  let executed: ExecutedBlock
  if (begun === undefined) {
    const { timeMs, round = ownRound(core, options.proposer), proposer, cat, verdicts } = options
    const work = { ...(cat === undefined ? {} : { cat }), ...(verdicts === undefined ? {} : { verdicts }) }
    const proposed = proposeBlock(core, { timeMs, round, proposer, ...work })
    executed = proposed.executed
    dropped.push(...proposed.dropped)
  } else executed = await runBlock(core, begun)
  const set = core.sets.at(executed.block.header.height)
  const voters = options.voters.filter((voter) => set.some((v) => equalBytes(v.bls, voter.bls)))
  let certificate: Certificate
  let votes: VoteRows = []
  if (voters.some((voter) => voter.remembers === true)) certificate = await certify(core, executed, voters)
  else {
    // no vote leaves before the block is final, and a vote that was not kept was not signed: so one commit has both
    votes = voteRows(core, executed, voters)
    certificate = makeCertificate(core, executed, signVotes(core, executed, voters))
  }
  for (const gone of await commitBlock(core, executed, certificate, votes)) dropped.push({ id: gone.tx.id, error: fateError(gone) })
  const { header, hash } = core.head
  return { header, hash, certificate, outcomes: executed.execution.effects.map((e) => e.outcome), dropped }
}
