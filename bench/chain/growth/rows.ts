/** What a large state costs: 1,000 changed accounts of a million against the same of ten thousand, both durable in lmdb, and opening the folder again. */
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { compareBytes, encodeAccount } from '../../../runtime/core/index.ts'
import { useNativeHashes } from '../../../runtime/crypto/native.ts'
import { openLmdb, seededRandom } from '../../../runtime/kv/index.ts'
import { median, ratioOf, rowOf, type Row } from '../../row.ts'
import { accountOf, addressOf, applyTo, grow, type GrownState } from './state.ts'

const LARGE = 1_000_000
const SMALL = 10_000
const CHANGES = 1_000
const WARM = 12
const ROUNDS = 25
const RESTARTS = 3

const say = (text: string): void => void process.stderr.write(`${text}\n`)
const mega = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`

async function timed<T>(work: () => Promise<T>): Promise<readonly [ms: number, result: T]> {
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

/** One change of 1,000 accounts drawn at random, durable; then what a block deletes behind its commit. */
async function round(state: GrownState, random: () => number): Promise<{ readonly root: number; readonly prune: number }> {
  const nonce = state.header.height
  const changes = Array.from({ length: CHANGES }, () => {
    const i = Math.floor(random() * state.accounts)
    return [addressOf(i), encodeAccount(accountOf(i, nonce))] as const
  })
  const [root, stale] = await timed(() => applyTo(state, changes))
  const [prune] = await timed(() => state.kv.commit(stale.toSorted(compareBytes).map((row) => [row, undefined] as const)))
  return { root, prune }
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
    const ours: number[] = []
    const theirs: number[] = []
    const prunes: number[] = []
    for (let i = 0; i < WARM + ROUNDS; i++) {
      const theirRound = await round(few, random)
      const ourRound = await round(many, random)
      if (i < WARM) continue
      theirs.push(theirRound.root)
      ours.push(ourRound.root)
      prunes.push(ourRound.prune)
    }
    say(`${CHANGES} changes: ${median(theirs).toFixed(1)} ms at ${SMALL} accounts, ${median(ours).toFixed(1)} ms at ${LARGE}; deleting behind it ${median(prunes).toFixed(1)} ms`)
    say(`${await memory()}, pages in cache ${mega(many.store.cached())}`)
    await small.close()
    await large.close()
    emit(
      ratioOf('chain', {
        id: 'chain.growth.root',
        row: `a root update of ${CHANGES} changes in a state of ${LARGE} accounts, durable in lmdb, against the same at ${SMALL}`,
        peer: `${SMALL} accounts`,
        ours,
        theirs,
        atMost: 2,
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
