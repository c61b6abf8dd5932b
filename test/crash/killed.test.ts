/** A validator over a real LMDB file, killed at any moment of its work: what was final stays, nothing is half there, and no height is signed twice. */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { bytesAmount, decodeAccount, sha256, toHex, type Certificate } from '../../runtime/core/index.ts'
import { openChain, supplyOf, type Chain } from '../../runtime/consensus/index.ts'
import { crypto, simulatedExecutor, simulatedKv } from '../../runtime/consensus/testing/test-kit.ts'
import { BURNT_KEY } from '../../runtime/consensus/state/index.ts'
import { openLmdb } from '../../runtime/kv/index.ts'
import { GENESIS } from './killed-genesis.ts'

crypto.useNativeHashes()

const KILLS = Number(process.env['CRASH_KILLS'] ?? 12)
const child = fileURLToPath(new URL('killed-child.ts', import.meta.url))

/** Height -> what was said of it, over all lives. */
interface Told {
  readonly signed: Map<number, Set<string>>
  readonly final: Map<number, Set<string>>
}

/** One life: runs until some blocks are final, and some milliseconds more or the next signature, and is killed. */
async function live(folder: string, life: number, told: Told): Promise<void> {
  const node = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', child, folder, String(life)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let talk = ''
  node.stderr.on('data', (chunk: Buffer) => (talk += chunk.toString()))
  const gone = new Promise<void>((resolve) => node.once('close', () => resolve()))
  let blocks = 0
  for await (const line of createInterface({ input: node.stdout })) {
    const [what, height, hex = ''] = line.split(' ')
    if (what === 'opened') continue
    const of = told[what as keyof Told]
    of.set(Number(height), (of.get(Number(height)) ?? new Set()).add(hex))
    if (what === 'final') blocks++
    if (node.killed || blocks <= life % 7) continue
    if (life % 3 === 0 && what === 'signed') node.kill('SIGKILL')
    else if (life % 3 !== 0) void sleep((life * 5) % 23).then(() => node.kill('SIGKILL'))
  }
  await gone
  expect(talk).toBe('')
}

/** No money came or went. */
function audit(chain: Chain): void {
  let sum = 0n
  const burnt = toHex(sha256(BURNT_KEY))
  for (const [position, value] of chain.walk('accounts')) {
    if (toHex(position) === burnt) sum += bytesAmount(value)
    else {
      const { balance, bond } = decodeAccount(value)
      sum += balance + bond
    }
  }
  // what was given up waits beside the accounts
  expect(sum <= supplyOf(GENESIS)).toBe(true)
  expect([...chain.walk('contracts'), ...chain.walk('offchain')].length).toBeGreaterThan(0)
}

test(
  `U7.2-DBL-1 ${KILLS} kills of a real process over a real store: final blocks stay, one message is signed a height, and a second chain comes to the same root`,
  { timeout: 300_000 },
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'utnet-killed-'))
    const told: Told = { signed: new Map(), final: new Map() }
    try {
      for (let life = 1; life <= KILLS; life++) {
        await live(folder, life, told)
        const kv = await openLmdb(folder)
        const chain = await openChain({ genesis: GENESIS, kv, executor: simulatedExecutor, crypto })
        const { height } = chain.head().header
        expect(height).toBeGreaterThanOrEqual(Math.max(...told.final.keys()))
        for (const [at, hashes] of told.final) expect([...hashes]).toEqual([toHex(chain.headerAt(at).hash)])
        for (const [at, messages] of told.signed) expect([at, messages.size]).toEqual([at, 1])
        audit(chain)
        await kv.close()
      }
      expect(told.final.size).toBeGreaterThan(KILLS)
      const kv = await openLmdb(folder)
      const chain = await openChain({ genesis: GENESIS, kv, executor: simulatedExecutor, crypto })
      const second = await openChain({ genesis: GENESIS, kv: simulatedKv(), executor: simulatedExecutor, crypto })
      for (let at = 1; at <= chain.head().header.height; at++) {
        const { header, txs, cat, verdicts, certificate } = chain.blockAt(at)
        await second.commitBlock(second.executeBlock({ header, txs, cat, verdicts }), certificate as Certificate)
      }
      expect(toHex(second.head().hash)).toBe(toHex(chain.head().hash))
      for (const trie of ['accounts', 'contracts', 'offchain'] as const)
        expect([...second.walk(trie)].map(([p, v]) => `${toHex(p)}${toHex(v)}`)).toEqual(
          [...chain.walk(trie)].map(([p, v]) => `${toHex(p)}${toHex(v)}`),
        )
      await kv.close()
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  },
)
