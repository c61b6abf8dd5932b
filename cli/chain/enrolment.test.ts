import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { chainIdOf, decodeGenesis, epochOf, formatAddress, keyAddress, LIMITS, type Genesis } from '../../runtime/core/index.ts'
import { publicKeyEd25519 } from '../../runtime/crypto/native.ts'
import { enrolChips, startDevNode, type DevNode } from '../../runtime/node/index.ts'
import { blocksFor, tellChain } from './enrolment.ts'

const EPOCH = 8
const folder = mkdtempSync(join(tmpdir(), 'utnet-enrolment-'))
const secret = new Uint8Array(32).fill(0x55)
const key = publicKeyEd25519(secret)
const owner = { secret, key, address: formatAddress(keyAddress(key)) }
let node: DevNode
let genesis: Genesis

beforeAll(async () => {
  node = await startDevNode({ data: folder, port: 0, threads: 0, epochBlocks: EPOCH })
  genesis = decodeGenesis(node.genesis)
  await node.api.fund(owner.address)
})
afterAll(async () => {
  await node.close()
  rmSync(folder, { recursive: true, force: true })
})

const enrolment = (count: number): ReturnType<typeof enrolChips> =>
  enrolChips({ data: folder, chainId: chainIdOf(genesis), genesis, owner: keyAddress(key), count })

/** The head at the last block but so many of an epoch. */
async function nearTheEnd(left: number): Promise<void> {
  while ((EPOCH - ((await node.api.chain()).height % EPOCH)) % EPOCH !== left) await node.api.fund(owner.address)
}

test('U2.4-POCI-3 chips and their bond stand in blocks of one epoch, whatever is left of the present one, and all count from the same one on', async () => {
  for (const left of [1, 2, 0]) {
    const chips = await enrolment(2)
    await nearTheEnd(left)
    const said: string[] = []
    const told = {
      api: node.api,
      epochBlocks: EPOCH,
      owner,
      bond: 2n * genesis.bondPrice,
      say: (text: string) => {
        said.push(text)
        // blocks come of themselves, but slowly
        void nearTheEnd(0)
      },
    }
    const before = (await node.api.chain()).height
    const views = await tellChain(told, chips)
    chips.notes.release()
    expect(said).toHaveLength(left === 0 ? 0 : 1)
    const head = (await node.api.chain()).height
    const epochs = new Set<number>()
    for (let height = before + 1; height <= head; height++)
      for (const { kind, status } of (await node.api.block(height)).transactions) {
        if (kind !== 'chip' && kind !== 'node') continue
        expect(status).toBe('ok')
        epochs.add(epochOf(height, EPOCH))
      }
    expect(epochs.size).toBe(1)
    expect(new Set(views.map(({ counts }) => counts))).toEqual(new Set([...epochs].map((epoch) => epoch + 2)))
  }
}, 30_000)

test('an enrolment that no epoch has room for is told all the same, and says from which epochs on its chips count', async () => {
  expect(blocksFor(LIMITS.chipsPerEnrolment)).toBeGreaterThan(EPOCH)
  const chips = await enrolment(LIMITS.chipsPerEnrolment)
  const views = await tellChain({ api: node.api, epochBlocks: EPOCH, owner, bond: 0n, say: () => {} }, chips)
  chips.notes.release()
  expect(views).toHaveLength(LIMITS.chipsPerEnrolment)
  for (const { height, counts } of views) expect(counts).toBe(epochOf(height, EPOCH) + 2)
}, 30_000)
