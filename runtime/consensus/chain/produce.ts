/** One block from end to end, for a driver that holds enough of the power to certify it. */
import { UtnetError, type Certificate, type CID } from '../../core/index.ts'
import type { Voter } from '../crypto-port.ts'
import type { ProducedBlock, ProduceOptions } from './api.ts'
import { buildBlock, executeBlock, loadModules, readTxs, withModules } from './build.ts'
import { commitBlock } from './commit.ts'
import { makeCertificate, pendingBlock, voteFor } from './votes.ts'
import type { ChainCore, ExecutedBlock } from './core.ts'

/** Votes with the given keys and makes the certificate. */
export async function certify(core: ChainCore, executed: ExecutedBlock, voters: readonly Voter[]): Promise<Certificate> {
  return makeCertificate(core, executed, await voteFor(core, executed, voters))
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

async function produceNext(core: ChainCore, options: ProduceOptions): Promise<ProducedBlock> {
  const dropped: { id: CID; error: unknown }[] = []
  const begun = pendingBlock(core)
  let executed: ExecutedBlock
  if (begun === undefined) {
    await loadModules(core, core.mempool.take())
    const { timeMs, round = 0, proposer } = options
    const built = await withModules(
      core,
      () => buildBlock(core, { timeMs, round, proposer }),
      ({ skipped }) => skipped.map((s) => s.error),
    )
    executed = built.executed
    for (const { tx, error } of built.skipped) {
      for (const gone of core.mempool.drop(tx.id.toString())) dropped.push({ id: gone.id, error })
    }
  } else {
    await loadModules(core, readTxs(core, begun))
    executed = await withModules(core, () => executeBlock(core, begun))
  }
  const certificate = await certify(core, executed, options.voters)
  for (const tx of await commitBlock(core, executed, certificate)) {
    dropped.push({ id: tx.id, error: new UtnetError('tx_expired', `transaction ${tx.id} can no longer stand in a block`) })
  }
  const { header, hash } = core.head
  return { header, hash, certificate, outcomes: executed.execution.effects.map((e) => e.outcome), dropped }
}
