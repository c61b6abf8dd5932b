import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { powerChain, type PowerChain } from '../../consensus/power/testing/power-chain.ts'
import { UNC, userOf, type TestValidator } from '../../consensus/testing/test-kit.ts'
import { toHex } from '../../core/index.ts'
import * as crypto from '../../crypto/native.ts'
import { exactEnvironment } from '../environment/index.ts'
import { exactGuest } from '../models/exact-guest.ts'
import { enrolChips } from './enrol.ts'
import { chipFolder } from './folder.ts'
import { chipWork, type ChipWork } from './work.ts'

const EPOCH = 4
const CHIPS = 3
const folder = mkdtempSync(join(tmpdir(), 'utnet-chip-work-'))
const owner = userOf(2)
const environment = exactEnvironment(exactGuest() as NonNullable<ReturnType<typeof exactGuest>>)
const missing: string[] = []
let p: PowerChain
let node: TestValidator
let work: ChipWork

const must = (status: string): void => {
  if (status !== 'ok') throw new Error(status)
}

beforeAll(async () => {
  p = await powerChain([10], { epochBlocks: EPOCH, blockReward: 10n * UNC, level0Share: 1_000 })
  node = p.nodes[0] as TestValidator
  mkdirSync(join(folder, 'keys'))
  const keys = { identity: toHex(node.secret), vote: toHex(new Uint8Array(32)), dev: toHex(new Uint8Array(32)) }
  writeFileSync(join(folder, 'keys/node.json'), JSON.stringify(keys))
  const { genesis } = p.chain
  const enrolled = await enrolChips({ data: folder, chainId: p.chainId, genesis, owner: owner.address, count: CHIPS })
  for (const { registration, consent } of enrolled.chips) {
    const { serial } = registration.certificate
    must(await p.chip(owner, { op: 'register', ...registration }))
    must(await p.chip(owner, { op: 'assign', serial, node: node.key, consent }))
  }
  must(await p.node(node, { op: 'bond', amount: genesis.bondPrice * BigInt(CHIPS) }))
  while (p.chain.catSeats(node.key, p.chain.head().header.height + 1).count < CHIPS) await p.toHeight(p.chain.head().header.height + 1)
  work = chipWork({
    chain: p.chain,
    node: node.key,
    folder: chipFolder(folder),
    environment,
    voter: node.voter,
    crypto,
    onMissing: (serial) => void missing.push(toHex(serial)),
  })
})
afterAll(async () => {
  await work.close()
  await environment.close()
  rmSync(folder, { recursive: true })
})

/** The next block with the node's work in it. */
async function block(): Promise<number> {
  const made = await work.propose()
  const timeMs = p.chain.head().header.time + 1_000
  const { header } = await p.chain.produce({ timeMs, proposer: node.proposer, voters: [node.voter], ...made })
  await work.judge()
  return header.height
}

test('U2.5-CAT-1: chips that were enrolled answer for the blocks of their node, and the rewards are released', async () => {
  const first = await block()
  expect(p.chain.reward(first)).toMatchObject({ status: 'pending', amount: 10n * UNC })
  await block()
  expect(p.chain.reward(first)).toMatchObject({ status: 'released' })
  expect(missing).toEqual([])
})

test('a chip whose key is lost is said to be missing, and the reward is not paid', async () => {
  const { fuses, all } = chipFolder(folder)
  const [lost] = all()
  rmSync(join(fuses, `${toHex((lost as NonNullable<typeof lost>).held.serial)}.fuse`))
  const again = chipWork({
    chain: p.chain,
    node: node.key,
    folder: chipFolder(folder),
    environment,
    voter: node.voter,
    crypto,
    onMissing: (serial, error) => void missing.push(`${toHex(serial)} ${error.code}`),
  })
  expect(await again.propose()).toMatchObject({ cat: new Uint8Array(0) })
  expect(missing).toEqual([`${toHex((lost as NonNullable<typeof lost>).held.serial)} chip_key`])
  await again.close()
})

test('a chip without its file is said to be missing', async () => {
  const empty = mkdtempSync(join(tmpdir(), 'utnet-no-chips-'))
  const lost: string[] = []
  const bare = chipWork({
    chain: p.chain,
    node: node.key,
    folder: chipFolder(empty),
    environment,
    voter: node.voter,
    crypto,
    onMissing: (_serial, error) => void lost.push(error.message),
  })
  expect(await bare.propose()).toMatchObject({ cat: new Uint8Array(0) })
  expect(lost).toEqual(Array.from({ length: CHIPS }, () => expect.stringContaining('this node has no file of chip')))
  // Said once, not at every block.
  await bare.propose()
  expect(lost).toHaveLength(CHIPS)
  await bare.close()
  rmSync(empty, { recursive: true })
})

test('without kernels of its own a node shows no work', async () => {
  const without = chipWork({
    chain: p.chain,
    node: node.key,
    folder: chipFolder(folder),
    environment: undefined,
    voter: node.voter,
    crypto,
    onMissing: () => {},
  })
  expect(await without.propose()).toMatchObject({ cat: new Uint8Array(0) })
  await without.close()
})
