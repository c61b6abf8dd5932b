import { expect, test } from 'vitest'
import { isUtnetError, keyAddress, type CID } from '../../runtime/core/index.ts'
import { openChain, type Chain } from '../../runtime/consensus/index.ts'
import { crypto, signTx, simulatedExecutor, testGenesis, userOf, VALIDATOR } from '../../runtime/consensus/testing/test-kit.ts'
import { seededRandom, simulatedKv, SimulatedDisk, type SimulatedDiskOptions } from '../../runtime/kv/index.ts'

crypto.useNativeHashes()

const genesis = testGenesis()
const users = [2, 3, 4].map(userOf)

interface Acknowledged {
  readonly id: CID
  readonly height: number
  readonly hash: Uint8Array
}

async function open(disk: SimulatedDisk): Promise<Chain> {
  return openChain({ genesis, kv: await simulatedKv(disk), executor: simulatedExecutor, crypto })
}

const produce = (chain: Chain) =>
  chain.produce({ timeMs: chain.head().header.time + 1_000, proposer: VALIDATOR.proposer, voters: [VALIDATOR.voter] })

/** Sends transfers and makes blocks until the power goes; gives every transaction whose block was answered. */
async function runUntilCrash(
  disk: SimulatedDisk,
  seed: number,
): Promise<{ readonly acknowledged: Acknowledged[]; readonly votes: Map<number, Uint8Array> }> {
  const random = seededRandom(seed)
  const acknowledged: Acknowledged[] = []
  const votes = new Map<number, Uint8Array>()
  try {
    const chain = await open(disk)
    for (let block = 0; block < 18; block++) {
      const sent: CID[] = []
      for (let i = 0; i < 1 + Math.floor(random() * 3); i++) {
        const user = users[Math.floor(random() * users.length)] as (typeof users)[number]
        const wire = signTx(user, {
          chainId: chain.chainId,
          nonce: chain.nextNonce(user.address),
          expiry: 1_000,
          gasLimit: 1_000_000n,
          maxFeePerGas: chain.params.baseFee,
          payload: { kind: 'transfer', to: keyAddress(new Uint8Array(32).fill(i)), value: 1n },
        })
        sent.push(chain.submit(wire).id)
      }
      const made = await produce(chain)
      votes.set(made.header.height, made.hash)
      for (const id of sent) if (chain.tx(id).state === 'final') acknowledged.push({ id, height: made.header.height, hash: made.hash })
    }
  } catch (error) {
    expect(isUtnetError(error, 'disk_failed')).toBe(true)
  }
  return { acknowledged, votes }
}

async function crash(options: SimulatedDiskOptions & { readonly crashAt: number }, seed: number): Promise<{ lost: number; kept: number }> {
  const disk = new SimulatedDisk(options)
  const { acknowledged, votes } = await runUntilCrash(disk, seed)
  disk.crash()
  const chain = await open(disk)
  let lost = 0
  for (const { id, height, hash } of acknowledged) {
    const same = chain.head().header.height >= height && Buffer.compare(chain.headerAt(height).hash, hash) === 0
    if (!same || chain.tx(id).state !== 'final') lost++
  }
  // A block that was voted for before the crash is the one that the height gets: no key signs two.
  const next = chain.head().header.height + 1
  const made = await produce(chain)
  const before = votes.get(next)
  if (before !== undefined && options.lies !== true) expect(made.hash).toEqual(before)
  return { lost, kept: acknowledged.length }
}

test('150 crash points of the chain: no answered transaction is lost, no height gets two blocks', { timeout: 120_000 }, async () => {
  const whole = new SimulatedDisk({ seed: 1 })
  await runUntilCrash(whole, 1)
  const points = whole.operations
  expect(points).toBeGreaterThan(30)
  let kept = 0
  for (let i = 0; i < 150; i++) {
    const result = await crash({ seed: i, crashAt: 3 + (i % (points - 3)) }, 1 + Math.floor(i / points))
    expect(result.lost).toBe(0)
    kept += result.kept
  }
  expect(kept).toBeGreaterThan(400)
})

test('the same test notices a disk that acknowledges what it does not keep', { timeout: 120_000 }, async () => {
  let lost = 0
  for (let i = 0; i < 10; i++) lost += (await crash({ seed: i, crashAt: 30 + i, lies: true }, 1)).lost
  expect(lost).toBeGreaterThan(0)
})
