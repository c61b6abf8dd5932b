/** An enrolment that is cut off, as by kill -9, at each of its writes and each of its transactions, and run again. The chain is real, its blocks are made when somebody waits. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test, vi } from 'vitest'
import { testChain, UNC, userOf, VALIDATOR, type TestChain } from '../../runtime/consensus/testing/test-kit.ts'
import { decodeTx, formatAddress, formatKey, parseAddress, parseCid, toHex, type NodeApi } from '../../runtime/core/index.ts'
import { enrolChips } from '../../runtime/node/chips/enrol.ts'
import { tellChain, type ChipView } from './enrolment.ts'

const cuts = vi.hoisted(() => {
  class Cut extends Error {}
  let left = Number.POSITIVE_INFINITY
  let passed = 0
  return {
    Cut,
    /** Sets the point, before a write, a transaction or a wait, at which the process ends; gives how many there were since. */
    at(point: number): number {
      left = point
      const had = passed
      passed = 0
      return had
    },
    point(): void {
      passed++
      if (left-- === 0) throw new Cut('killed')
    },
  }
})
vi.mock('../../runtime/kv/files/durable-file.ts', async (original) => {
  const real = await original<typeof import('../../runtime/kv/files/durable-file.ts')>()
  const writeDurably: typeof real.writeDurably = (path, text, mode) => {
    try {
      cuts.point()
    } catch (error) {
      // half of it was written
      writeFileSync(`${path}.0123456789ab`, text.slice(0, text.length / 2))
      throw error
    }
    real.writeDurably(path, text, mode)
  }
  return { ...real, writeDurably }
})

const home = mkdtempSync(join(tmpdir(), 'utnet-enrolment-cut-'))
afterAll(() => rmSync(home, { recursive: true }))
const user = userOf(2)
const owner = { secret: user.secret, key: user.key, address: formatAddress(user.address) }

/** What an enrolment asks of a node, over a chain at hand: a wait makes a block. */
function simulatedApi({ chain, produce }: TestChain): NodeApi {
  const view = (hash: string) => {
    const found = chain.tx(parseCid(hash))
    const end = found.state === 'final' ? { height: found.height, status: found.outcome.status, message: found.outcome.message } : {}
    return { hash, state: found.state === 'final' ? 'final' : 'pending', ...end }
  }
  return {
    chain: async () => ({ height: chain.head().header.height, chainId: chain.chainId.toString(), baseFee: chain.baseFee().toString() }),
    info: async () => ({ dev: false }),
    account: async (address: string) => {
      const bytes = parseAddress(address)
      return { address, balance: chain.account(bytes).balance.toString(), nonce: chain.nextNonce(bytes) }
    },
    submit: async (wire: Uint8Array) => {
      cuts.point()
      return { hash: chain.submit(wire).hash }
    },
    transaction: async (hash: string, waitMs = 0) => {
      if (waitMs > 0) cuts.point()
      if (waitMs > 0 && view(hash).state === 'pending') await produce()
      return view(hash)
    },
  } as unknown as NodeApi
}

interface Place {
  readonly t: TestChain
  readonly data: string
}
let places = 0
async function place(): Promise<Place> {
  const data = join(home, String(places++))
  mkdirSync(join(data, 'keys'), { recursive: true })
  const keys = { identity: toHex(VALIDATOR.secret), vote: '11'.repeat(32), dev: '22'.repeat(32) }
  writeFileSync(join(data, 'keys/node.json'), JSON.stringify(keys))
  const t = await testChain()
  t.send(user, { kind: 'transfer', to: VALIDATOR.address, value: 10_000n * UNC })
  await t.produce()
  return { t, data }
}

const enrol = ({ t, data }: Place, count: number, from = owner): ReturnType<typeof enrolChips> =>
  enrolChips({
    data,
    node: formatKey(VALIDATOR.key),
    chainId: t.chain.chainId,
    genesis: t.genesis,
    owner: parseAddress(from.address),
    count,
  })

/** An enrolment up to where it is cut off, or its end. */
async function run(at: Place, count: number): Promise<readonly ChipView[]> {
  const enrolment = await enrol(at, count)
  try {
    const { bondPrice, epochBlocks } = at.t.genesis
    const told = { api: simulatedApi(at.t), epochBlocks, owner, bond: bondPrice * BigInt(count), say: () => {} }
    return await tellChain(told, enrolment)
  } finally {
    enrolment.notes.release()
  }
}

/** Kinds and ends of all transactions behind the first block. */
function allOf({ chain }: TestChain): { readonly what: string; readonly status: string }[] {
  return Array.from({ length: chain.head().header.height - 1 }, (_, i) => chain.blockAt(i + 2)).flatMap(({ txs, outcomes }) =>
    txs.map((wire, i) => {
      const { payload } = decodeTx(wire).body
      return { what: 'action' in payload ? payload.action.op : payload.kind, status: outcomes[i]?.status ?? '' }
    }),
  )
}

test('U2.4-POCI-3 an enrolment that is killed at any write or transaction goes on in the next run: no chip lost or made for nothing, nothing told twice', async () => {
  const COUNT = 2
  cuts.at(Number.POSITIVE_INFINITY)
  await run(await place(), COUNT)
  const points = cuts.at(Number.POSITIVE_INFINITY)
  // the notes as they begin; two writes of each chip; a note, a transaction and a wait of each of five steps
  expect(points).toBe(1 + 2 * COUNT + 3 * 5)
  for (let point = 0; point < points; point++) {
    const at = await place()
    cuts.at(point)
    await expect(run(at, COUNT), `point ${point}`).rejects.toThrow(cuts.Cut)
    cuts.at(Number.POSITIVE_INFINITY)
    const views = await run(at, COUNT)
    expect(views, `point ${point}`).toHaveLength(COUNT)
    const done = allOf(at.t)
    expect(done.filter(({ status }) => status !== 'ok')).toEqual([])
    expect(done.map(({ what }) => what).toSorted(), `point ${point}`).toEqual(['assign', 'assign', 'bond', 'register', 'register'])
    const files = readdirSync(join(at.data, 'keys/chips'))
    expect(files.toSorted(), `point ${point}`).toEqual(['fuses', 'lock', ...views.map(({ serial }) => `${serial}.chip`)].toSorted())
  }
})

test('an enrolment that is not done says what finishes it, and only one is at work', async () => {
  const at = await place()
  const first = await enrol(at, 2)
  await expect(enrol(at, 2)).rejects.toMatchObject({ code: 'data_locked' })
  first.notes.release()
  const cases = [
    [enrol(at, 3), /it is of 2 software chips/, /utnet node enroll --chips 2/],
    [enrol(at, 2, { ...owner, address: formatAddress(userOf(3).address) }), /its chips are of account/, /UTNET_HOME/],
    [enrol({ ...at, t: await testChain({ genesis: { ...at.t.genesis, name: 'other' } }) }, 2), /it is of chain/, /--node URL/],
  ] as const
  for (const [asked, message, hint] of cases)
    await expect(asked).rejects.toMatchObject({
      code: 'chip_enrolment',
      message: expect.stringMatching(message) as string,
      hint: expect.stringMatching(hint) as string,
    })
  const again = await enrol(at, 2)
  expect(again.chips.map((c) => c.registration.certificate.serial)).toEqual(first.chips.map((c) => c.registration.certificate.serial))
  again.notes.release()
  writeFileSync(join(at.data, 'keys/chips/enrolment'), 'x')
  await expect(enrol(at, 2)).rejects.toMatchObject({ code: 'data_corrupt' })
})

test('what the chain refuses for now is told again by the next run, and what it refuses for good is not', async () => {
  const at = await place()
  const chips = 1
  // the node leaves: no chip may sit there
  at.t.send(VALIDATOR, { kind: 'node', action: { op: 'leave' } }, { gasLimit: 20_000_000n })
  await at.t.produce()
  const refused = expect.objectContaining({ code: 'chip_enrolment', hint: expect.stringMatching(/it goes on/) as string }) as Error
  await expect(run(at, chips)).rejects.toThrow(refused)
  const { bls, pop } = VALIDATOR.validator
  const back = { op: 'register', bls, pop, bind: new Uint8Array(96), owner: VALIDATOR.address } as const
  at.t.send(VALIDATOR, { kind: 'node', action: back }, { gasLimit: 20_000_000n })
  await at.t.produce()
  const [view] = await run(at, chips)
  expect(view).toBeDefined()
  const done = allOf(at.t).map(({ what, status }) => `${what} ${status}`)
  expect(done.filter((d) => /assign|bond|register/.test(d))).toEqual([
    'bond ok',
    'register ok',
    'assign refused',
    'register ok',
    'assign ok',
  ])
})
