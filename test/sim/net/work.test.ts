import { describe, expect, test } from 'vitest'
import { equalBytes, UtnetError, type Genesis } from '../../../runtime/core/index.ts'
import {
  decodeCat,
  VERDICT_BLOCKS,
  type CatEnvironment,
  type CatSigner,
  type Chain,
  type RewardRecord,
} from '../../../runtime/consensus/index.ts'
import { signerOf } from '../../../runtime/consensus/cat/testing/chips.ts'
import { simulatedEnvironment } from '../../../runtime/consensus/cat/testing/work-chain.ts'
import type { TestChip } from '../../../runtime/consensus/power/testing/chips.ts'
import { crypto, type TestValidator } from '../../../runtime/consensus/testing/test-kit.ts'
import { exactEnvironment } from '../../../runtime/node/environment/index.ts'
import { exactGuest } from '../../../runtime/node/models/exact-guest.ts'
import { exactComponent } from '../../../runtime/tpu-bridge/operators/testing/exact-guest.ts'
import { runChainNet } from './chain-net.ts'
import type { ChainLiar, ChainNetReport, NetReward } from './chain-net-options.ts'
import { FIRST_WITH_CHIPS, honestPart, netChips, netWork, REWARD, type Part } from './net-work.ts'

crypto.useNativeHashes()

/** Blocks behind the first with chips whose rewards are looked at. */
const DECIDED = 4

const honest = honestPart(simulatedEnvironment)

/** Its environment is not the standard one: nor are its verdicts on others. */
const wrongResult = honestPart({ run: async (task) => (await simulatedEnvironment.run(task)).map((byte) => byte ^ 1) })

/** Signs for a missing chip with the key of another; the sum of the BLS keys is at hand. */
const oneForTwo: Part = (v) => {
  const [present] = netChips(v) as [TestChip]
  return { environment: simulatedEnvironment, chips: { ...signerOf(netChips(v)), answer: (_, message) => present.sign(message) } }
}

type Check = Genesis['environment']

/** Four equal validators, of which the one at place `odd` does its part in its own way. */
const workOf = (environment: Check, odd: number, part: Part, others: Part): ReturnType<typeof netWork> =>
  netWork({ environment }, (i) => (i === odd ? part : others))

const net = (heights: number, work: ReturnType<typeof netWork>, drop = 0, liar?: ChainLiar): Promise<ChainNetReport> =>
  runChainNet({ seed: 1, powers: [1, 1, 1, 1], heights, ...work, drop, ...(liar === undefined ? {} : { liar }) })

/** Its block leaves a second after it was due, when it is said again: with answers that hold, and that nobody waited for. */
function lateProposer(index: number): ChainLiar {
  const due = new Set<string>()
  return {
    index,
    outgoing: (message, to) => {
      if (message.kind !== 'proposal') return [message]
      const name = `${message.height}/${message.round}/${to}`
      if (due.has(name)) return [message]
      due.add(name)
      return []
    },
  }
}

const leaders = new Map<Check, Promise<number>>()

/** Who proposes the first block with chips: as long as no round is void, leaders follow from the genesis alone. */
function firstLeader(environment: Check): Promise<number> {
  const known =
    leaders.get(environment) ??
    net(FIRST_WITH_CHIPS, workOf(environment, -1, honest, honest)).then((r) => (r.rewards[FIRST_WITH_CHIPS - 1] as NetReward).proposer)
  leaders.set(environment, known)
  return known
}

interface Net {
  readonly report: ChainNetReport
  readonly odd: number
  /** How rewards ended that were decided while chips counted, of the odd validator or of the others. */
  of(odd: boolean): (string | undefined)[]
}

const ending = (r: RewardRecord | undefined): string | undefined => (r?.status === 'lost' ? r.fault : r?.status)

/** A net in which the leader of the first block with chips does its part in its own way. */
async function run(
  environment: Check,
  part: Part,
  { others = honest, drop = 0, late = false }: { readonly others?: Part; readonly drop?: number; readonly late?: boolean } = {},
): Promise<Net> {
  const odd = await firstLeader(environment)
  // under before-vote nothing is decided later
  const heights = FIRST_WITH_CHIPS + DECIDED + (environment === 'deferred' ? VERDICT_BLOCKS : 0)
  const report = await net(heights, workOf(environment, odd, part, others), drop, late ? lateProposer(odd) : undefined)
  const decided = report.rewards.filter((r) => r.height >= FIRST_WITH_CHIPS && r.height <= FIRST_WITH_CHIPS + DECIDED)
  return { report, odd, of: (isOdd) => decided.filter((r) => (r.proposer === odd) === isOdd).map((r) => ending(r.record)) }
}

const agreement = ({ blocks, stateRoots, accused, conflicts, faults }: ChainNetReport) => ({
  chains: new Set(blocks.map((b) => b.join())).size,
  states: new Set(stateRoots).size,
  accused,
  conflicts,
  faults,
})
const AGREED = { chains: 1, states: 1, accused: [], conflicts: [], faults: [] }

const all = (endings: readonly (string | undefined)[], ...may: readonly string[]): void => {
  expect(endings.length).toBeGreaterThan(0)
  for (const one of endings) expect(may).toContain(one)
}

const paid = ({ rewards }: ChainNetReport): bigint =>
  rewards.reduce((n, { round, record }) => n + (record?.status === 'released' ? REWARD >> BigInt(round) : 0n), 0n)

describe('P-VAL-1 U2.5-CAT-1 U2.3-PIEE-3 U2.3-PIEE-4 deferred: the work of each block is judged by the blocks behind it', () => {
  test('with the operators of the genesis on exact kernels, every reward is released', async () => {
    const exact = exactGuest(await exactComponent())
    if (exact === undefined) throw new Error('there are no kernels')
    const environment = exactEnvironment(exact)
    const part = honestPart(environment)
    const { report, of } = await run('deferred', part, { others: part })
    expect(agreement(report)).toEqual(AGREED)
    all(of(true), 'released')
    all(of(false), 'released')
    // before chips counted there was nothing to show
    expect(report.rewards.filter((r) => r.height < FIRST_WITH_CHIPS).map((r) => ending(r.record))).toEqual(
      Array.from({ length: FIRST_WITH_CHIPS - 1 }, () => 'no-chips'),
    )
    expect(report.minted).toBe(paid(report))
    await environment.close()
  })

  test.each<readonly [string, Part, readonly string[]]>([
    ['one chip in the place of two', oneForTwo, ['answer']],
    [
      'answers copied from the block of another',
      (v, chain) => ({ environment: simulatedEnvironment, chips: copier(v, chain) }),
      // nothing to copy yet
      ['aggregate', 'none'],
    ],
    ['a wrong result of its operator', wrongResult, ['verdict']],
  ])('a validator with %s: it loses its rewards, the others do not', async (_, part, faults) => {
    const { report, of } = await run('deferred', part)
    expect(agreement(report)).toEqual(AGREED)
    all(of(true), ...faults)
    all(of(false), 'released')
    expect(report.minted).toBe(paid(report))
  })

  test('while a fifth of the messages is lost, one that cannot run operators shows and says nothing: only its own rewards are lost', async () => {
    const environment: CatEnvironment = { run: () => Promise.reject(new UtnetError('device_failed', 'simulated')) }
    const { report, odd, of } = await run('deferred', honestPart(environment), { drop: 0.2 })
    expect(agreement(report)).toEqual(AGREED)
    // where a round was void another led
    for (const one of of(true)) expect(one).toBe('none')
    all(of(false), 'released')
    const judged = report.rewards.filter((r) => r.height >= FIRST_WITH_CHIPS && r.record?.status === 'released')
    for (const { record } of judged) expect((record?.yes[0] ?? 0) & (1 << odd)).toBe(0)
  })
})

test.each<Check>(['deferred', 'before-vote'])(
  'U2.5-CAT-1 %s: a validator whose answers hold and come too late loses its turns, and nobody else a reward',
  async (environment) => {
    const { report, odd, of } = await run(environment, honest, { late: true })
    expect(agreement(report)).toEqual(AGREED)
    all(of(false), 'released')
    const turns = report.rewards.filter((r) => r.proposer === odd && r.height >= FIRST_WITH_CHIPS)
    expect(turns.length).toBeLessThan(report.rewards.filter((r) => r.height >= FIRST_WITH_CHIPS && r.round > 0).length)
  },
)

describe('U5.2-ENV-1 U5.2-ENV-2 before-vote: validators run the operator before they prevote', () => {
  test('what all agree on is final, and paid with its block', async () => {
    const { report, of } = await run('before-vote', honest)
    expect(agreement(report)).toEqual(AGREED)
    all([...of(true), ...of(false)], 'released')
    expect(report.minted).toBe(paid(report))
  })

  test.each<readonly [string, Part]>([
    ['shows a wrong result', wrongResult],
    ['has one chip in the place of two', oneForTwo],
  ])('a validator that %s: its rounds are void, and the next ones go on', async (_, part) => {
    const { report, of } = await run('before-vote', part)
    expect(agreement(report)).toEqual(AGREED)
    expect(of(true)).toEqual([])
    all(of(false), 'released')
    expect(report.rewards.some((r) => r.height >= FIRST_WITH_CHIPS && r.round > 0)).toBe(true)
  })
})

/** Answers of the newest block of another validator. */
function copier(v: TestValidator, chain: Chain): CatSigner {
  let answers: readonly Uint8Array[] = []
  return {
    aggregate: () => {
      for (let height = chain.head().header.height; height > 0; height--) {
        const { header, cat } = chain.blockAt(height)
        if (cat.length === 0 || equalBytes(header.proposer, v.key)) continue
        answers = decodeCat(cat).answers
        return decodeCat(cat).aggregate
      }
      return undefined
    },
    answer: () => {
      const [first, ...rest] = answers
      answers = rest
      return first
    },
  }
}
