/** One row of a real store that the disk changed: whatever row it is, the chain says which, believes nothing of it, and goes on where it can. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import {
  cidOf,
  contractAddress,
  isUtnetError,
  RAW,
  toHex,
  utf8,
  UtnetError,
  type Kv,
  type TxPayload,
  type Validator,
} from '../../../runtime/core/index.ts'
import { openChain, type Chain } from '../../../runtime/consensus/index.ts'
import { Bft, BftNode, chainApp, payloadLabel } from '../../../runtime/consensus/bft/index.ts'
import { bftCrypto, type Message } from '../../../runtime/consensus/messages/index.ts'
import { verdictMessage } from '../../../runtime/consensus/cat/index.ts'
import { simulatedEnvironment, workChain } from '../../../runtime/consensus/cat/testing/work-chain.ts'
import { crypto, signTx, simulatedExecutor, testGenesis, userOf, VALIDATOR } from '../../../runtime/consensus/testing/test-kit.ts'
import { openLmdb } from '../../../runtime/kv/index.ts'
import { damageRow } from './damage-row.ts'

crypto.useNativeHashes()

const genesis = testGenesis()
const ann = userOf(2)
const SHOP = contractAddress(ann.address, 0)
const HISTORY = 4

async function block(chain: Chain): Promise<void> {
  const height = chain.head().header.height + 1
  const payload: TxPayload =
    height === 1
      ? { kind: 'publish', name: 'shop', module: cidOf(RAW, Uint8Array.of(1)), world: 'contract', size: 10 }
      : { kind: 'call', to: SHOP, export: 'emit', args: [`event ${height}`] }
  const { nonce } = chain.account(ann.address)
  chain.submit(
    signTx(ann, {
      chainId: chain.chainId,
      nonce,
      expiry: 1_000,
      gasLimit: height === 1 ? 20_000_000n : 2_000_000n,
      maxFeePerGas: chain.params.baseFee,
      payload,
    }),
  )
  await chain.produce({ timeMs: genesis.time + height * 1_000, proposer: VALIDATOR.proposer, voters: [VALIDATOR.voter] })
}

/** Over a store of so many blocks, of which one row is damaged. */
async function over<T>(
  heights: number,
  [letter, at]: readonly [string, number],
  look: (chain: () => Promise<Chain>, kv: Kv) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'utnet-damage-'))
  try {
    const kv = await openLmdb(folder)
    const chain = await openChain({ genesis, kv, executor: simulatedExecutor, crypto, history: HISTORY })
    while (chain.head().header.height < heights) await block(chain)
    await kv.close()
    await damageRow(folder, letter, at)
    const again = await openLmdb(folder)
    try {
      return await look(() => openChain({ genesis, kv: again, executor: simulatedExecutor, crypto, history: HISTORY }), again)
    } finally {
      await again.close()
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** What is thrown, by anything of a block that can be asked for. */
function lostOf(chain: Chain, height: number): UtnetError[] {
  const reads = [
    () => chain.blockAt(height),
    () => chain.bloom(height),
    () => chain.search({ filter: OF_SHOP, after: BEFORE(height), to: height, limit: 10 }),
  ]
  return reads.flatMap((read) => {
    try {
      read()
      return []
    } catch (error) {
      if (!isUtnetError(error)) throw error
      return [error]
    }
  })
}

const OF_SHOP = { items: [['contract', SHOP]], contracts: [SHOP], names: [] } as const
const BEFORE = (height: number) => ({ height: height - 1, ordinal: Number.MAX_SAFE_INTEGER })

// letter of the row, and what an operator is told: rows of block 3 of 9
test.each([
  ['h', 'header and certificate'],
  ['t', 'transactions'],
  ['r', 'results'],
  ['f', 'filter bits'],
  ['c', 'proofs'],
  ['T', 'fingerprints'],
])(
  'the row %s of one block: whoever asks for it is told which block and what to do, all others are read, and the chain goes on',
  (letter, name) =>
    over(9, [letter, letter === 'T' ? 2 : 3], async (opened) => {
      const chain = await opened()
      for (const height of [1, 2, 4, 5, 6, 7, 8, 9]) expect([height, lostOf(chain, height)]).toEqual([height, []])
      const lost = lostOf(chain, 3)
      expect(lost.length).toBeGreaterThan(0)
      for (const error of lost)
        expect(error).toMatchObject({
          code: 'data_corrupt',
          fault: 'node',
          message: `the ${name} of block 3 are damaged on the disk`,
          hint: expect.stringMatching(/restore the data folder from a copy.*other nodes have it/) as string,
        })
      await block(chain)
      expect(chain.head().header.height).toBe(10)
    }),
)

test.each([
  ['m', 0, 'the mark of the head'],
  ['h', -1, 'the rows of head 9'],
  ['R', -1, 'the rows of head 9'],
  ['S', 0, 'the set of an epoch'],
  ['n', -1, 'a page of the state'],
  ['l', 0, 'the note of what was signed'],
])(
  'the row %s %d, without which nothing can be agreed on: the chain stops, says what is damaged and what to do, and signs nothing',
  (letter, at, name) =>
    over(9, [letter, at], async (opened) => {
      const going = async (): Promise<void> => {
        const chain = await opened()
        await block(chain)
      }
      await expect(going()).rejects.toMatchObject({
        code: 'data_corrupt',
        fault: 'node',
        message: expect.stringContaining(name) as string,
        hint: expect.stringMatching(/restore the data folder from a copy.*must not vote/) as string,
      })
    }),
)

test('a block that is damaged is not given to who asks for it: the validator stays up, says so, and gives the others', () =>
  over(9, ['t', 3], async (opened) => {
    const chain = await opened()
    const said: Message[] = []
    const told: UtnetError[] = []
    const keys = { voter: VALIDATOR.voter, signNode: (message: Uint8Array) => crypto.signEd25519(message, VALIDATOR.secret) }
    const node = new BftNode(new Bft({ crypto: bftCrypto(chain.chainId, keys, crypto), labelOf: payloadLabel }), {
      app: chainApp({ chain, proposer: VALIDATOR.proposer, clock: () => genesis.time + 60_000 }),
      loadRow: () => undefined,
      saveRow: () => undefined,
      send: (message) => said.push(message),
      timer: () => undefined,
      onDamage: (error) => told.push(error),
    })
    const asked = async (height: number): Promise<number[]> => {
      said.length = 0
      await node.receive('asker', { kind: 'want', height })
      return said.flatMap((m) => (m.kind === 'final' ? [m.certificate.height] : []))
    }
    expect(await asked(2)).toEqual([2])
    expect(await asked(3)).toEqual([])
    expect(told).toMatchObject([
      { code: 'data_corrupt', details: { height: 3 } },
      { code: 'data_corrupt', details: { height: 3 } },
    ])
    expect(await asked(4)).toEqual([4, 5, 6, 7, 8, 9])
    // and it goes on with agreement
    await node.start()
    expect(chain.head().header.height).toBe(10)
  }))

test('a verdict on a block whose header is damaged ends no validator', async () => {
  const w = await workChain()
  await w.block({ cat: await w.cat() })
  const { height } = w.chain.head().header
  await w.block()
  const judge = w.leader()
  const [voter, member] = [...w.chain.setAt(height).entries()].find(([, v]) => toHex(v.key) !== toHex(judge.key)) as [number, Validator]
  const { headerAt } = w.chain
  const block = headerAt(height).hash
  const from = w.nodes.find((v) => toHex(v.key) === toHex(member.key)) as (typeof w.nodes)[number]
  const signature = from.voter.sign(verdictMessage(w.chain.chainId, height, block, true, w.result(height)))
  const verdict: Message = { kind: 'verdict', height, block: toHex(block), ok: true, voter, signature }
  let broken = true
  vi.spyOn(w.chain, 'headerAt').mockImplementation((at) => {
    if (broken && at === height) throw new UtnetError('data_corrupt', 'damaged')
    return headerAt(at)
  })
  const told: UtnetError[] = []
  const refused: string[] = []
  const keys = { voter: judge.voter, signNode: (message: Uint8Array) => crypto.signEd25519(message, judge.secret) }
  const work = { environment: simulatedEnvironment, voter: judge.voter, crypto }
  const node = new BftNode(new Bft({ crypto: bftCrypto(w.chain.chainId, keys, crypto), labelOf: payloadLabel }), {
    app: chainApp({ chain: w.chain, proposer: judge.proposer, clock: () => 0, work }),
    loadRow: () => undefined,
    saveRow: () => undefined,
    send: () => undefined,
    timer: () => undefined,
    onDamage: (error) => told.push(error),
    onRefuse: (_, why) => refused.push(why),
  })
  await node.receive('peer', verdict)
  expect(told).toMatchObject([{ code: 'data_corrupt' }])
  broken = false
  await node.receive('peer', verdict)
  await node.receive('peer', verdict)
  expect(refused).toEqual(['duplicate'])
})

test('fingerprints that are damaged stop no window: its blocks are looked at one by one, and nothing is missed', () =>
  over(60, ['T', 20], async (opened) => {
    const chain = await opened()
    while (chain.head().header.height < 70) await block(chain)
    const found = (from: number, to: number): number[] =>
      chain.search({ filter: OF_SHOP, after: BEFORE(from), to, limit: 100 }).entries.map(({ mark }) => mark.height)
    expect(found(22, 70)).toEqual(Array.from({ length: 49 }, (_, i) => 22 + i))
    expect(found(1, 20)).toEqual(Array.from({ length: 20 }, (_, i) => 1 + i))
    expect(() => found(21, 21)).toThrow(
      expect.objectContaining({ code: 'data_corrupt', details: expect.objectContaining({ height: 21 }) as object }),
    )
  }))

test.each(['f', 'W'])('a filter (%s) that is damaged hides nothing', (letter) =>
  over(66, [letter, letter === 'W' ? 0 : 30], async (opened) => {
    const { entries } = (await opened()).search({ filter: OF_SHOP, after: BEFORE(1), to: 66, limit: 100 })
    expect(entries.map(({ mark }) => mark.height)).toEqual(Array.from({ length: 66 }, (_, i) => 1 + i))
  }),
)

test.each([
  ['s', 0],
  ['s', 2],
  ['R', 0],
])('what is only there to be deleted (%s %d) stops nothing, and is gone', (letter, at) =>
  over(9, [letter, at], async (opened, kv) => {
    const chain = await opened()
    for (let i = 0; i < 6; i++) await block(chain)
    expect(chain.head().header.height).toBe(15)
    const lowest = chain.lowestState()
    expect(lowest).toBe(12)
    expect(chain.account(ann.address, lowest).nonce).toBe(lowest)
    // all that is left can be read, and is of the states that are kept
    const left = (of: string): number => [...kv.range(utf8(of), Uint8Array.of(of.charCodeAt(0) + 1))].length
    expect(left('R')).toBeLessThanOrEqual(HISTORY + 1)
    expect(left('s')).toBeLessThanOrEqual(HISTORY + 1)
  }),
)
