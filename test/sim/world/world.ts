/** Many nodes in one process: virtual time, a network in memory that loses, delays, doubles and cuts, disks that lose power, and liars among them. */
import { openDiskStore } from './disk-store.ts'
import { Bft, BftNode, isOffence } from '../../../runtime/consensus/bft/index.ts'
import { heightOf, type BftCrypto, type Message, type SignedRow } from '../../../runtime/consensus/messages/index.ts'
import { seededRandom } from '../../../runtime/kv/index.ts'
import { HEAL_ROUNDS, Monitor } from '../monitor.ts'
import { Scheduler } from '../scheduler.ts'
import { SimulatedSignatures, type Unsigned } from './simulated-signatures.ts'
import { SmallApp, SmallRules, DRIFT_MS, type SmallBlock, type SmallStore } from './small-chain.ts'
import { CredulousBft, ForgetfulBft, newMemory, remember, STRATEGIES, type Liar, type Strategy } from './strategies/index.ts'
import { Trace } from './trace.ts'
import { drawPowers } from './powers.ts'
import { WaitingTxs } from './waiting-txs.ts'
import type { Defence, WorldOptions, WorldReport } from './world-options.ts'
import { BLACKOUT_LOSS, CALM, stormy, WEATHERS, type Network } from './world-weather.ts'

/** Messages that a node may hold for one other node of the set: 64 of heights to come and a few rounds. */
const HELD_PER_NODE = 160
const SKEW_MS = 1_000
/** Blocks of a height that a node may run beside one a round. */
const BLOCKS_BESIDE = 24
/** How fast clocks run where they are off, and how often they are set right. */
const RATES = [0.5, 0.75, 1, 1.5, 2] as const
const SET_RIGHT_MS = 500
/** Within which the copies of an echo come. */
const ECHO_MS = 3_000

class PowerLoss extends Error {}

interface Node {
  readonly index: number
  readonly strategy: string | undefined
  readonly crypto: BftCrypto
  readonly skew: number
  /** How fast its clock and timers run. */
  readonly rate: number
  store: SmallStore & { row: SignedRow | undefined; saveRow(row: SignedRow): void | Promise<void>; reopen(): Promise<void> }
  readonly pool: Set<number>
  /** Blocks that were run of one height. */
  ran: { readonly height: number; blocks: number }
  /** One, or two of a split brain. */
  running: { readonly driver: BftNode; readonly app: SmallApp; readonly half: number | undefined }[]
  liar: Liar | undefined
}

export async function runWorld(options: WorldOptions): Promise<WorldReport> {
  const { seed, nodes: count, heights, pauseMs = (seed % 2) * 1_000, clocks = seed % 3 === 2 } = options
  const without = new Set(options.without ?? [])
  const random = seededRandom(seed * 2_654_435_761)
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T
  const time = new Scheduler()

  // Who lies, with how much power.
  const names = options.strategies ?? Array.from({ length: Math.floor((count - 1) / 3) }, () => pick(Object.keys(STRATEGIES)))
  const order = Array.from({ length: count }, (_, i) => [random(), i] as const).sort((a, b) => a[0] - b[0])
  const byzantine = names.map((_, i) => order[i]?.[1] as number)
  const powers = drawPowers(random, count, byzantine, without.has('third'))
  const left = (['phase', 'height'] as const).filter((d): d is Unsigned & Defence => without.has(d))
  const signatures = new SimulatedSignatures(seed, left)
  const keysOf =
    options.keys ??
    ((i: number) => ({
      crypto: signatures.of(String(i)),
      foreign: signatures.of(String(i), 'other'),
      member: { key: Uint8Array.of(i), bls: Uint8Array.of(i) },
    }))
  const keys = Array.from({ length: count }, (_, i) => keysOf(i))
  const rules = new SmallRules(
    seed,
    (epoch) => powers(epoch).map((power, i) => ({ ...(keys[i] as (typeof keys)[number]).member, power })),
    without.has('leader-draw') ? byzantine[0] : undefined,
  )
  const isHonest = (i: number): boolean => !byzantine.includes(i)
  const monitor = new Monitor(count, (height) => rules.members(height))
  const peers = Array.from({ length: count }, (_, i) => String(i))
  let net: Network = CALM
  const decided: number[] = []
  const healed: number[] = []
  let crashes = 0
  let evidence = 0
  let offences = 0
  let events = 0
  const trace = new Trace()
  const txs = new WaitingTxs(isHonest, (what) => monitor.fault(what))
  let nextTx = 1

  const nodes: Node[] = []
  for (let i = 0; i < count; i++) {
    const memory: Node['store'] = {
      finals: [],
      row: undefined,
      append(final) {
        lose()
        this.finals.push(final)
        lose()
      },
      saveRow(row) {
        lose()
        if (!without.has('signed-row')) this.row = row
        lose()
      },
      reopen: () => Promise.resolve(),
    }
    const store = options.disks === true ? await openDiskStore(seed * 1_000 + i) : memory
    const at = byzantine.indexOf(i)
    nodes.push({
      index: i,
      strategy: at < 0 ? undefined : names[at],
      crypto: (keys[i] as (typeof keys)[number]).crypto,
      skew: Math.round((random() * 2 - 1) * SKEW_MS),
      rate: clocks ? pick(RATES) : 1,
      store,
      pool: new Set(),
      ran: { height: 0, blocks: 0 },
      running: [],
      liar: undefined,
    })
  }

  function lose(): void {
    if (net.powerLoss > 0 && random() < net.powerLoss) throw new PowerLoss()
  }

  /** One copy of a message on its way. */
  function carry(from: number, to: number, message: Message, extraMs = 0): void {
    if (healing?.withoutLiars === true && !isHonest(from)) return
    const copies = net.echo === from ? 10 : net.double > 0 && random() < net.double ? 2 : 1
    const bridged = strategyOf(nodes[from] as Node).bridges === true || strategyOf(nodes[to] as Node).bridges === true
    for (let c = 0; c < copies; c++) {
      if (net.groups !== undefined && net.groups[from] !== net.groups[to] && !bridged) continue
      if (net.deaf?.has(`${from}/${to}`) === true) continue
      if (net.drop > 0 && random() < net.drop) continue
      const last = message.kind === 'final' || (message.kind === 'vote' && message.phase === 'precommit')
      if (last && net.dropLast > 0 && random() < net.dropLast) continue
      const delay = extraMs + net.minMs + Math.floor(random() * (net.echo === from ? ECHO_MS : net.spreadMs))
      trace.add(time.now, delay, from, to, heightOf(message), 'round' in message ? message.round : -1)
      trace.text(message.kind, 'block' in message ? (message.block ?? '-') : '')
      time.after(delay, () => arrive(from, to, message))
    }
  }

  async function arrive(from: number, to: number, message: Message): Promise<void> {
    const node = nodes[to] as Node
    if (node.liar !== undefined) {
      remember(node.liar, message)
      strategyOf(node).seen?.(node.liar, message, from)
    }
    for (const { driver, half } of node.running)
      if (half === undefined || from % 2 === half) await guard(node, driver.receive(peers[from] as string, message))
  }

  /** A node whose power goes is down for a while, then comes back from its disk. */
  async function guard(node: Node, work: Promise<void>): Promise<void> {
    try {
      await work
    } catch (error) {
      if (!(error instanceof PowerLoss) && !(error instanceof Error && error.message.includes('simulated'))) throw error
      crash(node)
    }
  }

  function crash(node: Node): void {
    crashes++
    for (const { driver } of node.running) driver.stop()
    node.running = []
    time.after(200 + Math.floor(random() * 8_000), () => boot(node))
  }

  /** What a node checks signatures by. */
  function cryptoOf({ crypto }: Node): BftCrypto {
    return without.has('aggregate') ? { ...crypto, verifyQuorum: () => true } : crypto
  }

  function strategyOf(node: Node): Strategy {
    return node.strategy === undefined ? {} : (STRATEGIES[node.strategy] as Strategy)
  }

  function say(node: Node, message: Message, to: number, delayMs = 0): void {
    if (message.kind === 'vote') {
      const member = rules.members(message.height)[message.voter]
      if (
        node.strategy === undefined ||
        (member !== undefined && (keys[node.index] as (typeof keys)[number]).crypto.verifyVote(message, member, message.signature))
      )
        monitor.vote(message)
    }
    carry(node.index, to, message, delayMs)
  }

  function send(node: Node, half: number | undefined, message: Message, to: number | undefined): void {
    const strategy = strategyOf(node)
    const targets = to === undefined ? peers.keys() : [to]
    for (const target of targets) {
      if (target === node.index || (half !== undefined && target % 2 !== half)) continue
      if (node.liar === undefined || strategy.outgoing === undefined)
        say(node, message, target, message.kind === 'proposal' ? (options.proposeMs ?? 0) : 0)
      else for (const lie of strategy.outgoing(node.liar, message, target)) say(node, lie, target)
    }
  }

  /** To run a block is what costs a validator most: it runs one a round, and those that were locked on, certified or lost with its power. */
  function ran(node: Node, height: number): void {
    if (height !== node.ran.height) node.ran = { height, blocks: 0 }
    const round = node.running[0]?.driver.machine.round ?? 0
    if (++node.ran.blocks > round + BLOCKS_BESIDE)
      monitor.fault(`node ${node.index} runs ${node.ran.blocks} blocks of height ${height} in round ${round}`)
  }

  async function boot(node: Node): Promise<void> {
    const strategy = strategyOf(node)
    if (node.strategy === undefined) booted = time.now
    await node.store.reopen()
    const machineOf = strategy.machine ?? (without.has('locks') ? ForgetfulBft : without.has('lock-proof') ? CredulousBft : Bft)
    const halves = strategy.twins === true ? [0, 1] : [undefined]
    node.running = halves.map((half) => {
      // the copy of a split brain has a disk of its own
      const store =
        half === 1
          ? {
              finals: [...node.store.finals],
              row: undefined as SignedRow | undefined,
              append(final: SmallStore['finals'][number]) {
                this.finals.push(final)
              },
              saveRow(row: SignedRow) {
                this.row = row
              },
            }
          : node.store
      const app = new SmallApp({
        rules,
        store,
        self: node.index,
        clock: () => Math.max(0, Math.floor(time.now + node.skew + (time.now % SET_RIGHT_MS) * (node.rate - 1) + 10_000)),
        pool: node.pool,
        ...(without.has('absent') ? { heard: (i: number) => net.groups === undefined || net.groups[i] === net.groups[node.index] } : {}),
        anyTime: without.has('time'),
        ...(isHonest(node.index)
          ? { onCommit: (final, block) => committed(node, final, block), onCheck: (height) => ran(node, height) }
          : {}),
      })
      const driver: BftNode = new BftNode(new machineOf({ crypto: cryptoOf(node), labelOf: (p) => rules.read(p)?.label }), {
        app,
        loadRow: () => (strategy.forgets === true ? undefined : store.row),
        saveRow: (row) => store.saveRow(row),
        send: (message, to) => send(node, half, message, to === undefined ? undefined : Number(to)),
        pauseMs,
        timer: (ms, fire) => {
          if (without.has('rounds') && fire.step !== 'resend') return
          if (without.has('resend') && fire.step === 'resend') return
          time.after(ms / node.rate, () => guard(node, driver.fire(fire)))
        },
        onEvidence: ({ member }) => {
          evidence++
          if (isHonest(node.index) && isHonest(member) && !without.has('signed-row')) monitor.fault(`honest node ${member} is accused`)
          else if (isHonest(member)) monitor.fault(`signed twice: honest node ${member}`)
        },
        onRefuse: (from, why) => {
          if (!isOffence(why) || !isHonest(node.index)) return
          offences++
          if (isHonest(Number(from)) && !without.has('absent')) monitor.fault(`honest node ${from} looks like an offender: ${why}`)
        },
        onHalt: (certificate) => {
          if (isHonest(node.index)) monitor.fault(`node ${node.index} halts at ${certificate.height}`)
        },
      })
      return { driver, app, half }
    })
    const app = (node.running[0] as Node['running'][number]).app
    node.liar =
      node.strategy === undefined
        ? undefined
        : {
            index: node.index,
            nodes: count,
            crypto: node.crypto,
            foreign: (keys[node.index] as (typeof keys)[number]).foreign,
            random,
            app,
            say: (message, to, delayMs) => say(node, message, to, delayMs),
            groups: () => net.groups,
            restart: () => time.after(0, () => (node.running.length > 0 ? crash(node) : undefined)),
            memory: node.liar?.memory ?? newMemory(),
          }
    for (const { driver } of node.running) await guard(node, driver.start())
  }

  /** When an honest node last began anew: it waits behind no block. */
  let booted = 0
  /** When the network was whole again, and everybody with it; never in bad weather. */
  let calmSince = 0
  const fastest = Math.max(...nodes.map((n) => n.rate))
  /** When the last height was first committed. */
  let stepped = Number.NEGATIVE_INFINITY

  function committed(node: Node, final: Parameters<Monitor['commit']>[1], block: SmallBlock): void {
    const first = !monitor.commits.has(block.height)
    monitor.commit(node.index, final, block.height + 1, rules.leader(rules.after(final.payload), 0))
    if (block.time > time.now + 10_000 + SKEW_MS + SET_RIGHT_MS + DRIFT_MS + 1)
      monitor.fault(`block ${block.height} has a time of the future`)
    if (!first) return
    if (calmSince < stepped) decided[final.certificate.round] = (decided[final.certificate.round] ?? 0) + 1
    if (booted < stepped && time.now - stepped < Math.floor(pauseMs / fastest))
      monitor.fault(`block ${block.height} came ${time.now - stepped} ms behind the one before it`)
    stepped = time.now
    txs.committed(block)
  }

  const honest = nodes.filter((n) => n.strategy === undefined)
  const heightOfNode = (n: Node): number => n.store.finals.length
  const least = (): number => Math.min(...honest.map(heightOfNode))

  /** Every honest validator gets a transaction now and then. */
  function addTx(): void {
    const tx = nextTx++
    for (const n of honest) n.pool.add(tx)
    txs.add(tx, Math.max(...nodes.map((n) => n.running[0]?.app.head.height ?? 0)) + 1)
    time.after(300 + Math.floor(random() * 900), addTx)
  }

  function huntLeader(): void {
    if (!net.hunt) return
    const head = honest.map((n) => n.running[0]?.app.head).find((h) => h !== undefined)
    const leader = head === undefined ? 0 : rules.leader(head, 0)
    net = { ...net, groups: peers.map((_, i) => (i === leader ? 1 : 0)) }
    time.after(100, huntLeader)
  }

  let heals = 0
  let healRounds = 0
  let healing:
    | { readonly above: number; readonly rounds: readonly number[]; readonly since: number; readonly withoutLiars: boolean }
    | undefined
  function weather(): void {
    if (net === CALM) {
      if (healing === undefined || monitor.faults.length > 0) {
        net = stormy(options.weather ?? WEATHERS, random, powers(0))
        calmSince = Number.POSITIVE_INFINITY
        if (net.hunt) huntLeader()
        // whoever sees a cut starts again with those that it still hears
        if (net.groups !== undefined && without.has('absent')) for (const node of nodes) if (node.running.length > 0) crash(node)
        time.after(2_000 + Math.floor(random() * (15_000 + net.longer)), weather)
        return
      }
      time.after(1_000, weather)
      return
    }
    const { blackout } = net
    net = CALM
    heals++
    healing = {
      above: Math.max(...honest.map(heightOfNode)),
      rounds: nodes.map((n) => n.running[0]?.driver.machine.round ?? 0),
      since: time.now,
      withoutLiars: blackout,
    }
    if (blackout) for (const node of nodes) if (node.running.length > 0 && random() < BLACKOUT_LOSS) crash(node)
    time.after(2_000 + Math.floor(random() * 6_000), weather)
  }

  /** After each step: has the heal come to its end, and does anybody hold too much? */
  function watch(): void {
    if (healing === undefined) return
    const top = Math.max(...honest.map((n) => n.running[0]?.driver.machine.round ?? 0))
    const was = Math.max(...healing.rounds)
    const took = Math.max(0, top - (monitor.highest > healing.above ? 0 : was))
    healRounds = Math.max(healRounds, took)
    if (least() > healing.above) {
      healed[took] = (healed[took] ?? 0) + 1
      calmSince = time.now
      healing = undefined
    }
    if (healing !== undefined && (took > HEAL_ROUNDS || time.now - healing.since > 3_600_000)) {
      monitor.fault(`no progress ${took} rounds and ${time.now - healing.since} ms after a heal, at height ${healing.above + 1}`)
      healing = undefined
    }
  }

  for (const node of nodes) await boot(node)
  addTx()
  if (options.weather?.length !== 0) time.after(4_000, weather)
  let forkHeight: number | undefined
  while (least() < heights && monitor.faults.length === 0) {
    const run = time.next()
    if (run === undefined) break
    await run()
    if ((++events & 63) === 0) {
      watch()
      for (const n of honest)
        for (const { driver } of n.running)
          if (driver.machine.held > HELD_PER_NODE * count) monitor.fault(`node ${n.index} holds ${driver.machine.held} messages`)
    }
    if (monitor.conflicts.length > 0) {
      forkHeight ??= monitor.conflicts[0]?.height
      if (options.untilConflict === true) break
      if (monitor.conflicts.length > 3) break
    }
    if (time.now > 40_000_000) {
      monitor.fault('no end after eleven hours')
      break
    }
  }
  const total = rules.members(1).reduce((n, m) => n + m.power, 0)
  return {
    seed,
    nodes: count,
    heights: least(),
    byzantine: names,
    byzantineShare: byzantine.reduce((n, i) => n + (rules.members(1)[i]?.power ?? 0), 0) / total,
    conflicts: monitor.conflicts,
    faults: monitor.faults,
    forkHeight,
    crashes,
    heals,
    healRounds,
    healed: Array.from(healed, (n) => n ?? 0),
    decided: Array.from(decided, (n) => n ?? 0),
    evidence,
    offences,
    txDelay: txs.delay,
    sigma: monitor.worstSigma(),
    virtualMs: time.now,
    rounds: monitor.highestRound,
    events,
    trace: trace.digest,
  }
}
