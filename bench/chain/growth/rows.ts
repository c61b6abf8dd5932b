/** What a large state costs: the root update of 1,000 changed accounts of a million against the same of ten thousand, with its commit to lmdb beside it, and opening the folder again. */
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { encodeAccount, equalBytes } from '../../../runtime/core/index.ts'
import { useNativeHashes } from '../../../runtime/crypto/native.ts'
import { openLmdb, seededRandom } from '../../../runtime/kv/index.ts'
import { median, ratioOf, rowOf, type Row } from '../../row.ts'
import { counting, expectedNodes, type Hashes } from './hashes.ts'
import type { TrieChange } from '../../../runtime/consensus/trie/index.ts'
import { accountOf, addressOf, commitTo, grow, pruneOf, updateOf, type GrownState } from './state.ts'

const LARGE = 1_000_000
const SMALL = 10_000
const CHANGES = 1_000
const WARM = 12
const ROUNDS = 25
/** Rounds in which hashes are counted: the counts differ little. */
const COUNTED = 3
const RESTARTS = 3

const say = (text: string): void => void process.stderr.write(`${text}\n`)
const mega = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`

async function timed<T>(work: () => T | Promise<T>): Promise<readonly [ms: number, result: T]> {
  const from = performance.now()
  const result = await work()
  return [performance.now() - from, result]
}

/** Memory of this process that is its own, and what of the store's file is mapped. */
async function memory(): Promise<string> {
  const status = await readFile('/proc/self/status', 'utf8').catch(() => '')
  const of = (name: string): string => mega(Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) * 1024)
  return `${mega(process.memoryUsage.rss())} resident (${of('RssAnon')} own, ${of('RssFile')} mapped)`
}

interface Round {
  readonly root: number
  readonly commit: number
  readonly prune: number
}

/** Changes of 1,000 accounts drawn at random. */
function drawn(state: GrownState, random: () => number): TrieChange[] {
  const nonce = state.header.height
  return Array.from({ length: CHANGES }, () => {
    const i = Math.floor(random() * state.accounts)
    return [addressOf(i), encodeAccount(accountOf(i, nonce))] as const
  })
}

/** The root update of drawn accounts, its commit, and what a block deletes behind that. */
async function round(state: GrownState, random: () => number): Promise<Round> {
  const changes = drawn(state, random)
  const [root, update] = await timed(() => updateOf(state, changes))
  const [commit] = await timed(() => commitTo(state, update))
  const [prune] = await timed(() => pruneOf(state, update))
  return { root, commit, prune }
}

/** The hashes that the root update of drawn accounts makes; the same update with the native ones must come to the same root. Nothing is committed. */
function hashesOf(state: GrownState, random: () => number): Hashes {
  const changes = drawn(state, random)
  const [hashes, counted] = counting(() => updateOf(state, changes))
  if (!equalBytes(counted.roots.accounts.hash, updateOf(state, changes).roots.accounts.hash))
    throw new Error('hashes that count give another root')
  return hashes
}

async function restart(folder: string): Promise<{ readonly seconds: number; readonly rss: number }> {
  const account = 123_456
  const [ms, text] = await timed(
    () =>
      new Promise<string>((resolve, reject) => {
        const child = spawn(process.execPath, [fileURLToPath(new URL('restart.ts', import.meta.url)), folder, String(account)], {
          stdio: ['ignore', 'pipe', 'inherit'],
        })
        child.stdout.once('data', (data: Buffer) => resolve(data.toString()))
        child.once('error', reject)
        child.once('exit', () => reject(new Error('the process ended without an answer')))
      }),
  )
  const [balance, rss] = text.trim().split(' ') as [string, string]
  if (BigInt(balance) !== accountOf(account, 0).balance) throw new Error(`the state answers ${balance}`)
  return { seconds: ms / 1_000, rss: Number(rss) }
}

/** Measures in about a minute, most of it for making the million accounts. */
export async function growthRows(emit: (row: Row) => void): Promise<void> {
  useNativeHashes()
  const folder = await mkdtemp(join(tmpdir(), 'utnet-growth-'))
  try {
    const [small, large] = [await openLmdb(join(folder, 'small')), await openLmdb(join(folder, 'large'))]
    const few = await grow(small, SMALL)
    const [made, many] = await timed(() => grow(large, LARGE))
    say(`${LARGE} accounts made in ${(made / 1_000).toFixed(1)} s; ${await memory()}, pages in cache ${mega(many.store.cached())}`)
    const random = seededRandom(1)
    const ours: Round[] = []
    const theirs: Round[] = []
    for (let i = 0; i < WARM + ROUNDS; i++) {
      const rounds = [await round(few, random), await round(many, random)] as const
      if (i < WARM) continue
      theirs.push(rounds[0])
      ours.push(rounds[1])
    }
    for (const [accounts, rounds] of [
      [SMALL, theirs],
      [LARGE, ours],
    ] as const) {
      const of = (part: (r: Round) => number): string => `${median(rounds.map(part)).toFixed(1)} ms`
      say(
        `${CHANGES} changes of ${accounts} accounts: root ${of((r) => r.root)}, commit ${of((r) => r.commit)}, both ${of((r) => r.root + r.commit)}, deleting behind it ${of((r) => r.prune)}`,
      )
    }
    const counted = Array.from({ length: COUNTED }, () => [hashesOf(few, random), hashesOf(many, random)] as const)
    for (const [accounts, hashes] of [
      [SMALL, counted.map(([fewer]) => fewer)],
      [LARGE, counted.map(([, more]) => more)],
    ] as const) {
      const of = (part: (h: Hashes) => number): number => median(hashes.map(part))
      say(
        `${CHANGES} changes of ${accounts} accounts: ${of((h) => h.plain)} hashes of keys and values, ${of((h) => h.leaves)} of leaves, ${of((h) => h.nodes)} of inner nodes (${Math.round(expectedNodes(accounts, CHANGES))} expected), ${of((h) => h.compressions)} compressions`,
      )
    }
    say(`${await memory()}, pages in cache ${mega(many.store.cached())}`)
    await small.close()
    await large.close()
    emit(
      ratioOf('chain', {
        id: 'chain.growth.root',
        row: `a root update of ${CHANGES} changes in a state of ${LARGE} accounts in lmdb, against the same at ${SMALL}`,
        peer: `${SMALL} accounts`,
        ours: ours.map((r) => r.root),
        theirs: theirs.map((r) => r.root),
        atMost: 2,
      }),
    )
    emit(
      ratioOf('chain', {
        id: 'chain.growth.commit',
        row: `the same with its commit to lmdb: from the changes to where they are durable`,
        peer: `${SMALL} accounts`,
        ours: ours.map((r) => r.root + r.commit),
        theirs: theirs.map((r) => r.root + r.commit),
      }),
    )
    emit(
      ratioOf('chain', {
        id: 'chain.growth.hashes',
        row: `compressions of SHA-256 in a root update of ${CHANGES} changes in a state of ${LARGE} accounts, against the same at ${SMALL}`,
        peer: `${SMALL} accounts`,
        ours: counted.map(([, more]) => more.compressions),
        theirs: counted.map(([fewer]) => fewer.compressions),
      }),
    )
    const restarts: Awaited<ReturnType<typeof restart>>[] = []
    for (let i = 0; i < RESTARTS; i++) restarts.push(await restart(join(folder, 'large')))
    say(`after a restart and one answer: ${mega(median(restarts.map((r) => r.rss)))} resident`)
    emit(
      rowOf('chain', {
        id: 'chain.restart.s',
        row: `from starting a process on a data folder of ${LARGE} accounts to its first answer`,
        unit: 's',
        values: restarts.map((r) => r.seconds),
        atMost: 5,
      }),
    )
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
