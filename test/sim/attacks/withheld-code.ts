import {
  contractAddress,
  fileCid,
  keyAddress,
  type CID,
  type ContractExecutor,
  type FileNow,
  type TxPayload,
} from '../../../runtime/core/index.ts'
import { wat } from '../../../runtime/host/testing/wat.ts'
import { crypto, userOf, type TestUser } from '../../../runtime/consensus/testing/test-kit.ts'
import { runChainNet } from '../net/chain-net.ts'
import type { ChainNetCode } from '../net/net-code.ts'
import type { ChainNetReport } from '../net/chain-net-options.ts'
import { broken, held, type Attack, type AttackOutcome } from './attack.ts'

crypto.useNativeHashes()

/** The liar is less than a third: 3 of 10. */
const POWERS = [1, 2, 3, 4]
const LIAR = 2
const HEIGHTS = 10
const LATE_MS = 4_000

/** Who is given the code beside the liar. With 3 it is exactly enough for a quorum: 7 of 10. */
const WAYS = {
  nobody: [],
  'less than a third': [0],
  'a quorum': [3],
  'a quorum, under a smaller size': [3],
  late: [],
} as const
type Way = keyof typeof WAYS

/** A contract of its own for each number. */
const contract = (n: number): Promise<Uint8Array> =>
  wat(`(component (core module $m (func (export "run") (result i32) (i32.const ${n})))
    (core instance $i (instantiate $m)) (func (export "run") (result u32) (canon lift (core func $i "run"))))`)

/** Votes for a publication whatever is here. */
const credulous = (own: ContractExecutor): ContractExecutor => ({
  ...own,
  holds: () => true,
  has: () => false,
  measures: () => true,
})

/** Takes a publication under a wrong size for one that pays and publishes nothing, where the file is here. */
const sizeless = (own: ContractExecutor, files: FileNow): ContractExecutor => {
  const here = (module: CID): boolean => {
    try {
      return files(module, 1 << 20) !== undefined
    } catch {
      return false
    }
  }
  return {
    ...own,
    holds: (module) => here(module),
    measures: (module, bytes) => !(here(module) && !own.holds(module, bytes)) && own.measures(module, bytes),
  }
}

function codeOf(way: Way, files: readonly Uint8Array[], publishers: readonly TestUser[], without: ReadonlySet<string>): ChainNetCode {
  const given: readonly number[] = WAYS[way]
  return {
    publishers,
    files: (index) => (index === LIAR || given.includes(index) ? files : []),
    gives: (from, _to, file, atMs) => {
      if (from !== LIAR) return file
      if (way !== 'late') return undefined
      return atMs > LATE_MS ? file : file.with(0, 1)
    },
    ...(without.has('held') ? { executor: credulous } : without.has('exact-size') ? { executor: sizeless } : {}),
    ...(without.has('fetch') ? { ask: () => () => {} } : {}),
  }
}

/** The liar publishes at each height, and what stands on the chain is called by everybody. */
async function attempt(seed: number, way: Way, without: ReadonlySet<string>): Promise<ChainNetReport> {
  const publishers = Array.from({ length: HEIGHTS }, (_, n) => userOf(300 + n))
  const files = await Promise.all(publishers.map((_, n) => contract(seed * 100 + n)))
  return runChainNet({
    seed,
    heights: HEIGHTS,
    powers: POWERS,
    drop: 0.1,
    weather: ['halves', 'lossy', 'thirds', 'power'],
    // it helps those to a block that it gave the code, and says nothing of it to the others
    liar: {
      index: LIAR,
      outgoing: (message, to) =>
        way.startsWith('a quorum') && message.kind === 'vote' && message.phase === 'precommit' && to !== WAYS[way][0] ? [] : [message],
    },
    untilMs: 400_000,
    code: codeOf(way, files, publishers, without),
    act: (height, chain) => {
      const user = publishers[height - 1] as TestUser
      const file = files[height - 1] as Uint8Array
      const size = way === 'a quorum, under a smaller size' ? file.length - 1 : file.length
      const publish: TxPayload = { kind: 'publish', name: `n${height}`, module: fileCid(file), world: 'contract', size }
      const calls = publishers.slice(0, height - 1).flatMap((by): (readonly [TestUser, TxPayload])[] => {
        const to = contractAddress(keyAddress(by.key), 0)
        return chain.contract(to) === undefined ? [] : [[userOf(2), { kind: 'call', to, export: 'run', args: [] }]]
      })
      return [[user, publish], ...calls.slice(-2)]
    },
  })
}

/** What is broken of what was promised, if anything is. */
function fault(way: Way, { conflicts, faults, blocks, stateRoots, lacking, accused, contracts }: ChainNetReport): string | undefined {
  if (contracts > 0 && (way === 'nobody' || way === 'a quorum, under a smaller size'))
    return 'a contract stands whose code no validator has'
  if (conflicts[0] !== undefined) return `two blocks at height ${conflicts[0].height}`
  if (faults[0] !== undefined) return faults[0]
  if (new Set(blocks.map((b) => b.join())).size + new Set(stateRoots).size > 2) return 'validators hold different chains'
  if (accused.length > 0) return `validators ${accused.join(' ')} are accused`
  const without = lacking.findIndex((n) => n > 0)
  return without < 0 ? undefined : `validator ${without} has no code of ${lacking[without]} contracts of its chain`
}

/** The real chain and real hosts. Each way is tried in weather, with losses of power. */
export const withheldCode: Attack = {
  name: 'withheld-code',
  of: '4.4',
  aim: 'a proposer publishes contracts and keeps their code from others, so that they stop, stay behind, or vote for what they cannot run',
  defences: {
    held: 'a validator votes for a block only where it holds the code of all that it publishes and runs',
    fetch: 'what it lacks it asks others for, those behind a final block among them, and goes on when it came',
    'exact-size':
      'code of another size than its transaction names is nobody’s: what was voted for can be asked for within the size that is paid for',
  },
  run: async (seed, without): Promise<AttackOutcome> => {
    const published: string[] = []
    for (const way of Object.keys(WAYS) as Way[]) {
      const report = await attempt(seed, way, without)
      const why = fault(way, report)
      if (why !== undefined) return broken(`${why}: code given to ${way} (seed ${seed})`)
      published.push(`${way} ${report.contracts}`)
    }
    return held(`one chain, progress; contracts that stand, whose code all hold, by who was given it: ${published.join(', ')}`)
  },
}
