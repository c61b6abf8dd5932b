/**
 * The real chain on several validators in one process: real keys, real execution, stores on simulated disks that lose power; a network in virtual time
 * with weather drawn from the seed; one validator may lie.
 */
import {
  compareBytes,
  equalBytes,
  isUtnetError,
  keyAddress,
  toHex,
  type AskForCode,
  type TxPayload,
  type Validator,
} from '../../../runtime/core/index.ts'
import { Bft, BftNode, chainApp, isOffence, payloadLabel, type Refusal } from '../../../runtime/consensus/bft/index.ts'
import {
  bftCrypto,
  decodeSignedRow,
  encodeEvidence,
  encodeSignedRow,
  SIGNED_KEY,
  type Evidence,
  type Message,
} from '../../../runtime/consensus/messages/index.ts'
import { openChain, type Chain } from '../../../runtime/consensus/index.ts'
import { assignOf, chipOf, claimOf } from '../../../runtime/consensus/power/testing/chips.ts'
import {
  crypto,
  signTx,
  simulatedExecutor,
  testGenesis,
  UNC,
  userOf,
  validatorOf,
  type TestUser,
} from '../../../runtime/consensus/testing/test-kit.ts'
import { seededRandom, SimulatedDisk, simulatedKv } from '../../../runtime/kv/index.ts'
import { fullDisk } from './full-disk.ts'
import { knownAnswers } from './known-answers.ts'
import type { ChainNetOptions, ChainNetReport } from './chain-net-options.ts'
import { CHAIN_WEATHERS, isLost, type ChainWeather } from './chain-weather.ts'
import { contractsOf, openNodeCode, placesOf, type NodeCode } from './net-code.ts'
import { WeatherTurns } from './weather-turns.ts'
import { Monitor } from '../monitor.ts'
import { Scheduler } from '../scheduler.ts'

const START = 1_700_000_000_000
const POWERS = [1, 2, 3, 4]
/** Shared by all runs of a process: the same keys sign the same. */
const shared = knownAnswers(crypto)
const HOUR_MS = 3_600_000

/** Runs until each validator has `heights` blocks. */
export async function runChainNet(options: ChainNetOptions): Promise<ChainNetReport> {
  const { seed, heights, crashAt, drop = 0, liar, powers = POWERS } = options
  const random = seededRandom(seed)
  const time = new Scheduler()
  const port = options.apart === true ? crypto : shared
  // a set is in order of its node keys
  const order = [...powers.keys()].sort((a, b) => compareBytes(userOf(11 + a).key, userOf(11 + b).key))
  const validators = powers.map((power, i) => validatorOf(11 + (order[i] as number), Math.max(1, power)))
  const users = [2, 3].map(userOf)
  const reporter = userOf(4)
  const genesis = testGenesis({
    validators: validators.filter((_, i) => powers[i] !== 0).map((v) => v.validator),
    accounts: [...users, reporter, ...validators, ...(options.code?.publishers ?? [])].map(({ address }) => ({
      address,
      balance: 1_000_000n * UNC,
    })),
    ...options.genesis,
  })
  let crashes = 0
  let failed = false
  const accused = new Set<number>()
  const offences = new Set<Refusal>()
  let held = 0
  const disks = validators.map(
    (_, i) =>
      new SimulatedDisk({
        seed: seed * 10 + i,
        ...(i === 0 && crashAt !== undefined ? { crashAt } : {}),
        ...(i === 0 && options.failAt !== undefined && 'sync' in options.failAt ? { failSyncAt: options.failAt.sync } : {}),
      }),
  )
  const running: ({ readonly chain: Chain; readonly node: BftNode; readonly code: NodeCode | undefined } | undefined)[] = validators.map(
    () => undefined,
  )
  const monitor = new Monitor(validators.length, setAt)
  /** Place of a validator among all, by its place in the set of a height. */
  const placeOf = (member: number, height: number): number =>
    validators.findIndex((v) => v.key.join() === setAt(height)[member]?.key.join())
  const powersIn = (set: readonly Validator[]): number[] => validators.map((v) => set.find((m) => equalBytes(m.key, v.key))?.power ?? 0)
  let reached = 0
  /** Sets by height, noted while somebody knows them: a chain forgets what is older than its trusting period. */
  const sets = new Map<number, readonly Validator[]>()
  /** By validator, the powers of all at each height as it made it final. */
  const noted = validators.map((): number[][] => [])
  const wires: Uint8Array[] = []

  const heightOf = (r: (typeof running)[number]): number => r?.chain.head().header.height ?? 0
  const turns = new WeatherTurns(
    {
      nodes: validators.length,
      random,
      time,
      heights: () => running.map(heightOf),
      highestRound: () => Math.max(0, ...running.map((r) => r?.node.machine.round ?? 0)),
      powersAt: (height) => powersIn(setAt(height)),
      losePower: (i) => {
        if (running[i] !== undefined) fall(i)
      },
      fault: (why) => monitor.fault(why),
    },
    { spreadMs: 45, drop, dropLast: 0 },
    options.weather ?? CHAIN_WEATHERS,
  )

  async function guard(i: number, work: () => Promise<unknown>): Promise<void> {
    try {
      await work()
    } catch (error) {
      if (!isUtnetError(error, 'disk_failed')) throw error
      fall(i)
    }
  }

  function fall(i: number): void {
    running[i]?.node.stop()
    running[i] = undefined
    failed ||= i === 0
    crashes++
    time.after(3_000, async () => {
      disks[i]?.crash()
      await boot(i)
    })
  }

  const boot = (i: number): Promise<void> =>
    guard(i, async () => {
      const v = validators[i] as (typeof validators)[number]
      const disk = disks[i] as SimulatedDisk
      const full = i === 0 && !failed && options.failAt !== undefined && 'write' in options.failAt ? options.failAt.write : undefined
      const kv = await simulatedKv(full === undefined ? disk : fullDisk(disk, full))
      const code = options.code === undefined ? undefined : await openNodeCode(options.code, i, kv)
      const checks = options.port?.(i, port) ?? port
      const chain = await openChain({ genesis, kv, executor: code?.executor ?? simulatedExecutor, crypto: checks })
      const had = (noted[i] as number[][]).length
      if (chain.head().header.height < had) monitor.fault(`validator ${i} lost block ${had}, which was final`)
      const keys = { voter: v.voter, signNode: (message: Uint8Array) => crypto.signEd25519(message, v.secret) }
      const own = bftCrypto(chain.chainId, keys, checks)
      const say = (message: Message, to: number): void => {
        if (message.kind === 'vote') monitor.vote(message)
        if (
          turns.isSilent(i) ||
          options.lose?.(message, { from: i, to, atMs: time.now }) === true ||
          isLost(turns.net, random, i, to, message)
        )
          return
        const lateMs = liar?.index === i ? (liar.delayMs?.(message, to) ?? 0) : 0
        time.after(lateMs + 5 + random() * turns.net.spreadMs, () => guard(to, async () => running[to]?.node.receive(String(i), message)))
      }
      const work = options.work === undefined ? undefined : { ...options.work.part(i, v, chain), voter: v.voter, crypto: checks }
      const app = chainApp({
        chain,
        proposer: v.proposer,
        clock: () => START + 10_000 + time.now,
        ...(work === undefined ? {} : { work }),
        ...(code === undefined ? {} : { code: { keep: code.keep, ask: askOf(i) } }),
      })
      const node: BftNode = new BftNode(new Bft({ crypto: own, labelOf: payloadLabel }), {
        app: {
          ...app,
          // whoever has all its blocks waits for the others
          build: (height, round) => (height > heights ? undefined : app.build(height, round)),
          commit: async (final) => {
            await app.commit(final)
            const { height } = final.certificate
            ;(noted[i] as number[][])[height - 1] = powersIn(chain.setAt(height))
            if (i !== liar?.index) monitor.commit(i, final, height + 1, 0)
            reach(height, chain)
          },
        },
        loadRow: () => {
          const row = kv.get(SIGNED_KEY)
          return row === undefined ? undefined : decodeSignedRow(row)
        },
        saveRow: (row) => kv.commit([[SIGNED_KEY, encodeSignedRow(options.forgetsBefore === true ? { ...row, before: [] } : row)]]),
        send: (message, to) => {
          for (const at of to === undefined ? validators.keys() : [Number(to)]) {
            if (at === i) continue
            for (const m of liar?.index === i ? liar.outgoing(message, at, own) : [message]) say(m, at)
          }
        },
        pauseMs: options.pauseMs ?? 0,
        timer: (ms, fire) => time.after(ms, () => guard(i, () => node.fire(fire))),
        onEvidence: (evidence) => {
          if (i === liar?.index) return
          accused.add(placeOf(evidence.member, evidence.height))
          if (options.report === true) report(i, evidence)
        },
        onRefuse: (from, why) => {
          if (!isOffence(why) || i === liar?.index) return
          if (Number(from) === liar?.index) offences.add(why)
          else monitor.fault(`honest validator ${from}: ${why}`)
        },
        onHalt: ({ height }) => monitor.fault(`validator ${i} halts at ${height}`),
      })
      running[i] = { chain, node, code }
      for (const wire of wires) submit(chain, wire)
      await node.start()
    })

  /** Asks over the net; whoever has something gives it the same way. */
  function askOf(i: number): AskForCode {
    const bring = (from: number, to: number, then: () => Promise<void>): void => {
      if (!turns.isSilent(from) && !isLost(turns.net, random, from, to, 'code'))
        time.after(5 + random() * turns.net.spreadMs, () => guard(to, then))
    }
    const ask: AskForCode = (needs, nodes) => {
      for (const to of placesOf(nodes, validators))
        bring(i, to, async () => {
          for (const need of needs) {
            const file = running[to]?.code?.give(need)
            const given = file && options.code?.gives(to, i, file, time.now)
            if (given !== undefined) bring(to, i, async () => running[i]?.node.receiveCode(String(to), need.module, given))
          }
        })
    }
    return options.code?.ask?.(ask) ?? ask
  }

  function submit(chain: Chain, wire: Uint8Array): void {
    try {
      chain.submit(wire)
    } catch (error) {
      // in a block already, or a publication whose code it was not given
      if (!isUtnetError(error)) throw error
    }
  }

  const nonces = new Map<TestUser, number>()
  function send(user: TestUser, any: Chain, payload: TxPayload): void {
    const nonce = nonces.get(user) ?? 0
    const wire = signTx(user, {
      chainId: any.chainId,
      nonce,
      expiry: 10_000,
      gasLimit:
        payload.kind === 'transfer' ? 1_000_000n : payload.kind === 'chip' || payload.kind === 'evidence' ? 80_000_000n : 20_000_000n,
      maxFeePerGas: any.params.baseFee,
      payload,
    })
    nonces.set(user, nonce + 1)
    wires.push(wire)
    for (const r of running) if (r !== undefined) submit(r.chain, wire)
  }

  /** What a height that is reached first brings with it. */
  function reach(height: number, chain: Chain): void {
    if (height <= reached) return
    reached = height
    for (const [user, payload] of options.act?.(height, chain, validators) ?? []) send(user, chain, payload)
    for (const i of options.falls?.[height] ?? []) time.after(1, () => Promise.resolve(fall(i)))
  }

  /** The set of a height, as one that runs knows it. */
  function setAt(height: number): readonly Validator[] {
    const known = sets.get(height)
    if (known !== undefined) return known
    const knows = running.find((r) => r !== undefined && r.chain.head().header.height + 1 >= height)
    if (knows === undefined) return genesis.validators
    const set = knows.chain.setAt(height)
    sets.set(height, set)
    return set
  }

  const reported = new Set<number>()
  function report(i: number, evidence: Evidence): void {
    const chain = running[i]?.chain
    const offender = placeOf(evidence.member, evidence.height)
    if (chain === undefined || reported.has(offender)) return
    reported.add(offender)
    send(reporter, chain, { kind: 'evidence', record: encodeEvidence(evidence) })
  }

  function addTx(): void {
    const any = running.find((r) => r !== undefined)?.chain
    const payer = users[Math.floor(random() * 2)] as TestUser
    if (any !== undefined) send(payer, any, { kind: 'transfer', to: keyAddress(payer.key), value: 1n })
    time.after(100, addTx)
  }

  /** A validator's next step to more power: it bonds, claims a chip, lets the chip work for itself. */
  const steps = validators.map(() => 0)
  function addPower(): void {
    const any = running.find((r) => r !== undefined)?.chain
    const i = Math.floor(random() * validators.length)
    const v = validators[i] as (typeof validators)[number]
    if (any !== undefined) {
      const step = steps[i] as number
      steps[i] = step + 1
      const chip = chipOf(`net ${seed} ${i} ${Math.floor(step / 3)}`)
      if (step % 3 === 0) send(v, any, { kind: 'node', action: { op: 'bond', amount: genesis.bondPrice } })
      else if (step % 3 === 1) send(v, any, { kind: 'chip', action: claimOf(chip, any.chainId, v.address) })
      else send(v, any, { kind: 'chip', action: assignOf(chip, any.chainId, 0, v, v.address) })
    }
    time.after(100, addPower)
  }

  await options.begin?.(validators)
  for (const i of validators.keys()) await boot(i)
  const [opened] = running
  for (const v of validators)
    if (opened !== undefined) for (const payload of options.work?.firstPayloads(v, opened.chain) ?? []) send(v, opened.chain, payload)
  addTx()
  if (options.turnover === true) addPower()
  if (options.weather !== undefined) time.after(500, () => turns.change())
  for (const [ms, some] of Object.entries(options.fallsAtMs ?? {}))
    time.after(Number(ms), async () => {
      for (const i of some) fall(i)
    })
  while (monitor.conflicts.length === 0 && monitor.faults.length === 0 && running.some((r) => heightOf(r) < heights)) {
    const run = time.next()
    if (run === undefined || time.now > (options.untilMs ?? HOUR_MS)) monitor.fault(`no end: heights ${running.map(heightOf).join(' ')}`)
    else await run()
    turns.watch(reached, heights)
    held = Math.max(held, ...running.map((r) => r?.node.machine.held ?? 0))
  }
  const chains = running.flatMap((r) => (r === undefined ? [] : [r.chain]))
  const common = Math.min(heights, ...chains.map((chain) => chain.head().header.height))
  const [first] = chains
  return {
    blocks: chains.map((chain) => Array.from({ length: common }, (_, h) => toHex(chain.headerAt(h + 1).hash))),
    stateRoots: chains.map((chain) => toHex(chain.headerAt(common).header.state.accounts)),
    transactions: Array.from({ length: common }, (_, h) => first?.blockAt(h + 1).txs.length ?? 0).reduce((a, b) => a + b, 0),
    crashes,
    heals: turns.heals,
    healRounds: turns.healRounds,
    operations: disks[0]?.operations ?? 0,
    accused: [...accused],
    offences: [...offences],
    held,
    slashed: validators.flatMap((v, i) => (first?.slashedAt(v.validator.bls) === undefined ? [] : [i])),
    conflicts: monitor.conflicts,
    faults: monitor.faults,
    powers: running.flatMap((r, i) =>
      r === undefined
        ? []
        : [
            Array.from({ length: common }, (_, h) =>
              h + 1 > heightOf(r) - genesis.trustingBlocks ? powersIn(r.chain.setAt(h + 1)) : ((noted[i] as number[][])[h] as number[]),
            ),
          ],
    ),
    rewards: Array.from({ length: common }, (_, h) => {
      const { height, round, proposer } = (first as Chain).headerAt(h + 1).header
      return { height, round, proposer: validators.findIndex((v) => equalBytes(v.key, proposer)), record: first?.reward(height) }
    }),
    minted: first?.minted() ?? 0n,
    contracts: first === undefined ? 0 : contractsOf(first).length,
    lacking: running.flatMap((r) =>
      r?.code === undefined ? [] : [contractsOf(r.chain).filter((need) => r.code?.give(need) === undefined).length],
    ),
  }
}

/** A run in bad weather with powers that change each epoch: all of it follows from the seed. */
export function weatherOf(
  seed: number,
  nodes: number,
  weather: readonly ChainWeather[] = CHAIN_WEATHERS,
): Omit<ChainNetOptions, 'heights'> & { readonly powers: readonly number[]; readonly weather: readonly ChainWeather[] } {
  const powers = Array.from({ length: nodes }, (_, i) => 1 + ((seed + i * 7) % 5))
  return { seed, powers, weather, turnover: true, pauseMs: (seed % 2) * 300, genesis: { epochBlocks: 6, trustingBlocks: 60 } }
}
