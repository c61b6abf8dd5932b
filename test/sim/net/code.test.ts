import * as Digest from 'multiformats/hashes/digest'
import { expect, test } from 'vitest'
import { CID, contractAddress, DAG_CBOR, DAG_PB, fileCid, keyAddress, RAW, type TxPayload } from '../../../runtime/core/index.ts'
import { wat } from '../../../runtime/host/testing/wat.ts'
import { crypto, userOf, type TestUser } from '../../../runtime/consensus/testing/test-kit.ts'
import { SimulatedDisk, simulatedKv } from '../../../runtime/kv/index.ts'
import { runChainNet } from './chain-net.ts'
import type { ChainNetOptions } from './chain-net-options.ts'
import { openNodeCode } from './net-code.ts'

crypto.useNativeHashes()

const HEIGHTS = 14
const AWAY = 0
const publishers = Array.from({ length: HEIGHTS }, (_, n) => userOf(300 + n))
const files = await Promise.all(
  publishers.map((_, n) =>
    wat(`(component (core module $m (func (export "run") (result i32) (i32.const ${n})))
    (core instance $i (instantiate $m)) (func (export "run") (result u32) (canon lift (core func $i "run"))))`),
  ),
)

/** A contract is published at each height, and called at the next, on three validators that have the code; the fourth has none, and hears nothing for long. */
const sync = (over: Partial<ChainNetOptions> = {}): ChainNetOptions => ({
  seed: 7,
  heights: HEIGHTS,
  powers: [1, 2, 2, 2],
  lose: (_, { from, to, atMs }) => (from === AWAY || to === AWAY) && atMs < 20_000,
  code: { publishers, files: (index) => (index === AWAY ? [] : files), gives: (_from, _to, file) => file },
  act: (height, chain) => {
    const [file, user] = [files[height - 1] as Uint8Array, publishers[height - 1] as TestUser]
    const publish: TxPayload = { kind: 'publish', name: `n${height}`, module: fileCid(file), world: 'contract', size: file.length }
    const before = publishers[height - 2]
    const to = before === undefined ? undefined : contractAddress(keyAddress(before.key), 0)
    const call =
      to === undefined || chain.contract(to) === undefined ? [] : [[userOf(2), { kind: 'call', to, export: 'run', args: [] }] as const]
    return [[user, publish], ...call]
  },
  ...over,
})

test('a real host with a real store holds a file under its one name and size, and under no other name of it', async () => {
  const file = files[0] as Uint8Array
  const kv = await simulatedKv(new SimulatedDisk({ seed: 1 }))
  const { executor } = await openNodeCode({ publishers, files: () => [file], gives: () => undefined }, 0, kv)
  const multihash = Digest.create(0x12, fileCid(file).multihash.digest)
  expect(executor.holds(fileCid(file), file.length)).toBe(true)
  const long = Digest.create(0x13, new Uint8Array(64))
  const names = [CID.createV0(multihash), CID.createV1(DAG_PB, multihash), CID.createV1(DAG_CBOR, multihash), CID.createV1(RAW, long)]
  for (const module of names) {
    expect(executor.holds(module, file.length)).toBe(false)
    expect(() => executor.measures(module, file.length)).toThrow(expect.objectContaining({ code: 'host_module_missing' }))
  }
})

const same = (lists: readonly (readonly string[])[]): number => new Set(lists.map((l) => l.join())).size

test('U2.4-POCI who was away catches up over blocks whose code it never had: it asks for each, and ends with the same chain', async () => {
  const report = await runChainNet(sync())
  expect(report).toMatchObject({ faults: [], conflicts: [], accused: [], lacking: [0, 0, 0, 0] })
  expect([same(report.blocks), new Set(report.stateRoots).size]).toEqual([1, 1])
  expect(report.contracts).toBeGreaterThan(8)
})

test('the same where it loses power again and again meanwhile, and a fifth of all is lost', async () => {
  const fallsAtMs = Object.fromEntries([20_200, 24_000, 28_000].map((ms) => [ms, [AWAY]]))
  const report = await runChainNet(sync({ fallsAtMs, drop: 0.2 }))
  expect(report).toMatchObject({ faults: [], conflicts: [], accused: [], lacking: [0, 0, 0, 0] })
  expect(report.crashes).toBe(3)
  expect([same(report.blocks), new Set(report.stateRoots).size]).toEqual([1, 1])
})

test('where nobody gives it any code it waits at the first block that it cannot run, stops nobody, and votes for nothing behind it', async () => {
  const { code, ...rest } = sync({ untilMs: 120_000 })
  const votes: number[] = []
  const lose: ChainNetOptions['lose'] = (message, way) => {
    if (way.from === AWAY && message.kind === 'vote' && message.block !== null) votes.push(message.height)
    return rest.lose?.(message, way) === true
  }
  const report = await runChainNet({
    ...rest,
    lose,
    code: { ...(code as NonNullable<typeof code>), gives: (_, to, file) => (to === AWAY ? undefined : file) },
  })
  expect(report.faults).toEqual([expect.stringMatching(/^no end: heights [1-3] 14 14 14$/)])
  expect(report.conflicts).toEqual([])
  const [, stands] = /heights (\d)/.exec(report.faults[0] as string) as unknown as [string, string]
  expect(Math.max(0, ...votes)).toBeLessThanOrEqual(Number(stands) + 1)
})
