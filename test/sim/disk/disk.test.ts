import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { cidOf, isUtnetError, RAW, toHex, type Kv } from '../../../runtime/core/index.ts'
import { openChain, type Chain } from '../../../runtime/consensus/index.ts'
import { crypto, signTx, simulatedExecutor, testGenesis, userOf, VALIDATOR } from '../../../runtime/consensus/testing/test-kit.ts'
import { openLmdb } from '../../../runtime/kv/index.ts'
import { runChainNet } from '../net/chain-net.ts'
import { failingKv, type Failure } from './failing-kv.ts'
import { smallDisk } from './small-disk.ts'

crypto.useNativeHashes()

const genesis = testGenesis()
const HEIGHTS = 4

/** With so few states kept, the commits that delete old ones are among those that fail. */
const HISTORY = 2

const open = (kv: Kv): Promise<Chain> => openChain({ genesis, kv, executor: simulatedExecutor, crypto, history: HISTORY })

/** The next block: the same on every chain, whatever happened to its disk. */
async function block(chain: Chain): Promise<void> {
  const height = chain.head().header.height + 1
  if (chain.pendingBlock() === undefined)
    for (const n of [2, 3]) {
      const user = userOf(n)
      const nonce = chain.account(user.address).nonce
      const payload =
        height === 1 && n === 2
          ? ({ kind: 'publish', name: 'shop', module: cidOf(RAW, Uint8Array.of(1)), world: 'contract', size: 10 } as const)
          : ({ kind: 'custom', data: new Uint8Array(500).fill(height) } as const)
      const body = { chainId: chain.chainId, nonce, expiry: 100, gasLimit: 2_000_000n, maxFeePerGas: chain.params.baseFee, payload }
      chain.submit(signTx(user, body))
    }
  await chain.produce({ timeMs: genesis.time + height * 1_000, proposer: VALIDATOR.proposer, voters: [VALIDATOR.voter] })
}

const hashes = (chain: Chain): string[] =>
  Array.from({ length: chain.head().header.height }, (_, i) => {
    // all of a final block can be read: header, transactions, outcomes
    expect(chain.blockAt(i + 1).outcomes.length).toBe(chain.blockAt(i + 1).txs.length)
    return toHex(chain.headerAt(i + 1).hash)
  })

/** Makes blocks until a commit fails; gives the hashes that were acknowledged, and whether it failed. */
async function untilFailure(kv: Kv, heights = HEIGHTS): Promise<{ readonly told: string[]; readonly failed: boolean }> {
  let told: string[] = []
  let chain: Chain | undefined
  try {
    chain = await open(kv)
    while (chain.head().header.height < heights) {
      await block(chain)
      told = hashes(chain)
    }
    return { told, failed: false }
  } catch (error) {
    if (!isUtnetError(error, 'disk_failed')) throw error
    // from then on nothing more is made final before the store is opened again
    const height = chain?.head().header.height
    if (chain !== undefined) await expect(block(chain)).rejects.toMatchObject({ code: 'disk_failed' })
    expect(chain?.head().header.height).toBe(height)
    return { told, failed: true }
  }
}

function folder(): string {
  return mkdtempSync(join(tmpdir(), 'utnet-disk-'))
}

test.each(['nothing-written', 'all-written'] satisfies Failure[])(
  'LMDB: any commit may fail (%s): the node stops with a code, loses nothing that was final, and goes on to the same chain',
  async (failure) => {
    const first = folder()
    const counted = failingKv(await openLmdb(first), Number.POSITIVE_INFINITY, failure)
    const { told: reference } = await untilFailure(counted)
    await counted.close()
    rmSync(first, { recursive: true })
    expect(reference.length).toBe(HEIGHTS)
    // the genesis, the blocks, and what is deleted behind all but the last
    expect(counted.commits()).toBeGreaterThanOrEqual(HEIGHTS + 1 + HEIGHTS - HISTORY)
    for (let at = 0; at < counted.commits(); at++) {
      const path = folder()
      const kv = failingKv(await openLmdb(path), at, failure)
      const { told, failed } = await untilFailure(kv)
      // what is deleted behind the last block fails when nothing is to be committed any more
      expect([at, failed]).toEqual([at, at < counted.commits() - 1])
      await kv.close()
      const again = await openLmdb(path)
      const chain = await open(again)
      expect(hashes(chain).slice(0, told.length)).toEqual(told)
      while (chain.head().header.height < HEIGHTS) await block(chain)
      expect(hashes(chain)).toEqual(reference)
      for (let height = HEIGHTS - HISTORY + 1; height <= HEIGHTS; height++)
        expect(chain.account(userOf(3).address, height).nonce).toBe(height)
      await again.close()
      rmSync(path, { recursive: true })
    }
  },
)

const disk = smallDisk(400)
test.skipIf(disk === undefined)(
  'LMDB on a disk that is full: the node stops with a code, every final block can be read, and with more room it goes on (skipped where no file system can be mounted)',
  async () => {
    if (disk === undefined) return
    try {
      const kv = await openLmdb(disk.path)
      const { told, failed } = await untilFailure(kv, 400)
      expect(failed).toBe(true)
      expect(told.length).toBeGreaterThan(3)
      await expect(kv.commit([[Uint8Array.of(1), Uint8Array.of(1)]])).rejects.toMatchObject({ code: 'disk_failed' })
      await kv.close()
      // still full: what was final is there
      const full = await openLmdb(disk.path)
      const chain = await open(full)
      expect(hashes(chain).slice(0, told.length)).toEqual(told)
      await expect(
        (async () => {
          for (let i = 0; i < 50; i++) await block(chain)
        })(),
      ).rejects.toMatchObject({ code: 'disk_failed' })
      await full.close()
      disk.grow(40_000)
      const roomy = await openLmdb(disk.path)
      const after = await open(roomy)
      const known = hashes(after)
      expect(known.slice(0, told.length)).toEqual(told)
      for (let i = 0; i < 3; i++) await block(after)
      expect(hashes(after).slice(0, known.length)).toEqual(known)
      expect(after.head().header.height).toBe(known.length + 3)
      await roomy.close()
    } finally {
      disk.remove()
    }
  },
)

test.each(['write', 'sync'] as const)(
  'U7.2-DBL-1 a validator whose disk is full or returns an error at any %s stops, comes back with all that was final, and never signs twice',
  async (kind) => {
    const whole = { chains: 1, conflicts: [], faults: [], accused: [] }
    // chips come and epochs end meanwhile, so that all kinds of rows are written
    const genesis = { epochBlocks: 2, trustingBlocks: 20 }
    let stopped = 0
    for (let at = 1; ; at++) {
      const failAt = kind === 'write' ? { write: at } : { sync: at }
      const report = await runChainNet({ seed: 5, heights: HEIGHTS, turnover: true, genesis, failAt })
      const { blocks, conflicts, faults, accused, crashes } = report
      expect({ at, chains: new Set(blocks.map((b) => b.join())).size, conflicts, faults, accused }).toEqual({ at, ...whole })
      // no write is left
      if (crashes === 0) break
      stopped++
    }
    // a row of what is signed and a block, at each height
    expect(stopped).toBeGreaterThanOrEqual(2 * HEIGHTS)
  },
)
