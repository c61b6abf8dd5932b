/**
 * What the chain itself takes of a validator (U7.2-DBL-1): CPU time of a block with all that belongs to it, proposal, votes, CAT, the sampled operator, verdicts,
 * roots and 10 transfers a second, of nets of real validators in virtual time.
 */
import { exactEnvironment } from '../../runtime/node/environment/index.ts'
import { exactGuest } from '../../runtime/node/models/exact-guest.ts'
import { useNativeHashes } from '../../runtime/crypto/native.ts'
import { exactComponent } from '../../runtime/tpu-bridge/operators/testing/exact-guest.ts'
import { runChainNet } from '../../test/sim/net/chain-net.ts'
import { honestPart, netWork } from '../../test/sim/net/net-work.ts'
import { rowOf, type Row } from '../row.ts'

const NETS = [4, 10] as const
/** Heights up to which chips count and code is warm, and those that are measured. */
const WARM = 12
const MEASURED = 20

/** CPU seconds that a net takes up to a height. */
async function cpuOf(validators: number, heights: number, work: ReturnType<typeof netWork>): Promise<number> {
  const before = process.cpuUsage()
  const powers = Array.from({ length: validators }, () => 1)
  const report = await runChainNet({ seed: 1, powers, heights, apart: true, ...work })
  if (report.faults.length > 0) throw new Error(report.faults.join('; '))
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1e6
}

export async function overheadRows(emit: (row: Row) => void): Promise<void> {
  useNativeHashes()
  const exact = exactGuest(await exactComponent())
  if (exact === undefined) throw new Error('there are no kernels')
  const environment = exactEnvironment(exact)
  const work = netWork({}, () => honestPart(environment))
  await cpuOf(NETS[0], WARM, work)
  for (const validators of NETS) {
    const start = await cpuOf(validators, WARM, work)
    const whole = await cpuOf(validators, WARM + MEASURED, work)
    emit(
      rowOf('chain', {
        id: `chain.overhead.core-${validators}`,
        row: `share of one core that the chain takes of one of ${validators} validators at a block a second`,
        unit: 'share',
        values: [(whole - start) / MEASURED / validators],
      }),
    )
  }
  await environment.close()
}
