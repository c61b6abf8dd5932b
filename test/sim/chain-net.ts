/**
 * The real chain on several validators in one process: real keys, real execution, stores on simulated disks that lose power; a network in virtual time
 * with weather drawn from the seed; one validator may lie.
 */
import { compareBytes, isUtnetError, keyAddress, toHex } from '../../runtime/core/index.ts'
import {
  Bft,
  bftCrypto,
  BftNode,
  chainApp,
  decodeSignedRow,
  encodeEvidence,
  encodeSignedRow,
  isOffence,
  payloadLabel,
  SIGNED_KEY,
  type BftCrypto,
  type Evidence,
  type Message,
} from '../../runtime/consensus/bft/index.ts'
import { openChain, type Chain } from '../../runtime/consensus/index.ts'
import { crypto, signTx, simulatedExecutor, testGenesis, userOf, validatorOf } from '../../runtime/consensus/test-kit.ts'
import { seededRandom, SimulatedDisk, simulatedKv } from '../../runtime/kv/index.ts'
import { knownAnswers } from './known-answers.ts'
import { Monitor } from './monitor.ts'
import { Scheduler } from './scheduler.ts'

/** What a validator sends to one peer in place of a message of its own. */
export interface ChainLiar {
  readonly index: number
  outgoing(message: Message, to: number, own: BftCrypto): readonly Message[]
}

export interface ChainNetOptions {
  readonly seed: number
  readonly heights: number
  /** Power of each validator; 1, 2, 3 and 4 without it. */
  readonly powers?: readonly number[]
  /** Operation of the first node's disk at which it loses power. */
  readonly crashAt?: number
  /** Share of messages lost. */
  readonly drop?: number
  /** Cuts, losses, delays and losses of power, drawn from the seed, with calm between. */
  readonly weather?: boolean
  readonly liar?: ChainLiar
  /** Whoever sees evidence brings it onto the chain. */
  readonly report?: boolean
  /** Nobody keeps the row of what it signed. */
  readonly forgetful?: boolean
}

export interface ChainNetReport {
  /** Hashes of the blocks by validator, from height 1. */
  readonly blocks: readonly (readonly string[])[]
  readonly stateRoots: readonly string[]
  readonly transactions: number
  readonly crashes: number
  readonly heals: number
  /** Operations of the first node's disk, where it never lost power. */
  readonly operations: number
  /** Members that somebody has evidence against. */
  readonly accused: readonly number[]
  /** Validators whose vote keys the chain has marked. */
  readonly slashed: readonly number[]
  /** Two blocks of one height with certificates. */
  readonly conflicts: Monitor['conflicts']
  readonly faults: readonly string[]
}

const START = 1_700_000_000_000
const POWERS = [1, 2, 3, 4]
const HOUR_MS = 3_600_000

interface Net {
  readonly spreadMs: number
  readonly drop: number
  readonly groups?: readonly number[]
}

/** Runs until each validator has `heights` blocks. */
export async function runChainNet(options: ChainNetOptions): Promise<ChainNetReport> {
  const { seed, heights, crashAt, drop = 0, liar, powers = POWERS } = options
  const random = seededRandom(seed)
  const time = new Scheduler()
  const port = knownAnswers(crypto)
  // a set is in order of its node keys
  const order = [...powers.keys()].sort((a, b) => compareBytes(userOf(11 + a).key, userOf(11 + b).key))
  const validators = powers.map((power, i) => validatorOf(11 + (order[i] as number), power))
  const users = [2, 3, 4].map(userOf)
  const genesis = testGenesis({ validators: validators.map((v) => v.validator) })
  const calm: Net = { spreadMs: 45, drop }
  let net = calm
  let crashes = 0
  let heals = 0
  const accused = new Set<number>()
  const disks = validators.map(
    (_, i) => new SimulatedDisk({ seed: seed * 10 + i, ...(i === 0 && crashAt !== undefined ? { crashAt } : {}) }),
  )
  const running: ({ readonly chain: Chain; readonly node: BftNode } | undefined)[] = validators.map(() => undefined)
  const monitor = new Monitor(validators.length, () => validators.map((v) => v.validator))
  const wires: Uint8Array[] = []

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
    crashes++
    time.after(3_000, async () => {
      disks[i]?.crash()
      await boot(i)
    })
  }

  const boot = (i: number): Promise<void> =>
    guard(i, async () => {
      const v = validators[i] as (typeof validators)[number]
      const kv = await simulatedKv(disks[i] as SimulatedDisk)
      const chain = await openChain({ genesis, kv, executor: simulatedExecutor, crypto: port })
      const keys = { voter: v.voter, signNode: (message: Uint8Array) => crypto.signEd25519(message, v.secret) }
      const own = bftCrypto(chain.chainId, keys, port)
      const say = (message: Message, to: number): void => {
        if (message.kind === 'vote') monitor.vote(message)
        if (random() < net.drop || (net.groups !== undefined && net.groups[i] !== net.groups[to])) return
        time.after(5 + random() * net.spreadMs, () => guard(to, async () => running[to]?.node.receive(String(i), message)))
      }
      const app = chainApp({ chain, proposer: v.proposer, clock: () => START + 10_000 + time.now })
      const node: BftNode = new BftNode(new Bft({ crypto: own, labelOf: payloadLabel }), {
        app: {
          ...app,
          commit: async (final) => {
            await app.commit(final)
            if (i !== liar?.index) monitor.commit(i, final, final.certificate.height + 1, 0)
          },
        },
        loadRow: () => {
          const row = kv.get(SIGNED_KEY)
          return row === undefined ? undefined : decodeSignedRow(row)
        },
        saveRow: (row) => (options.forgetful === true ? undefined : kv.commit([[SIGNED_KEY, encodeSignedRow(row)]])),
        send: (message, to) => {
          for (const at of to === undefined ? validators.keys() : [Number(to)]) {
            if (at === i) continue
            for (const m of liar?.index === i ? liar.outgoing(message, at, own) : [message]) say(m, at)
          }
        },
        timer: (ms, fire) => time.after(ms, () => guard(i, () => node.fire(fire))),
        onEvidence: (evidence) => {
          if (i === liar?.index) return
          accused.add(evidence.member)
          if (options.report === true) report(i, evidence)
        },
        onRefuse: (from, why) => {
          if (isOffence(why) && i !== liar?.index && Number(from) !== liar?.index) monitor.fault(`honest validator ${from}: ${why}`)
        },
        onHalt: ({ height }) => monitor.fault(`validator ${i} halts at ${height}`),
      })
      running[i] = { chain, node }
      for (const wire of wires) submit(chain, wire)
      await node.start()
    })

  function submit(chain: Chain, wire: Uint8Array): void {
    try {
      chain.submit(wire)
    } catch (error) {
      // in a block already
      if (!isUtnetError(error)) throw error
    }
  }

  const nonces = users.map(() => 0)
  function send(u: number, any: Chain, payload: Parameters<typeof signTx>[1]['payload']): void {
    const wire = signTx(users[u] as (typeof users)[number], {
      chainId: any.chainId,
      nonce: nonces[u] as number,
      expiry: 10_000,
      gasLimit: payload.kind === 'evidence' ? 20_000_000n : 1_000_000n,
      maxFeePerGas: any.params.baseFee,
      payload,
    })
    nonces[u] = (nonces[u] as number) + 1
    wires.push(wire)
    for (const r of running) if (r !== undefined) submit(r.chain, wire)
  }

  const reported = new Set<number>()
  function report(i: number, evidence: Evidence): void {
    const chain = running[i]?.chain
    if (chain === undefined || reported.has(evidence.member)) return
    reported.add(evidence.member)
    send(2, chain, { kind: 'evidence', record: encodeEvidence(evidence) })
  }

  function addTx(): void {
    const any = running.find((r) => r !== undefined)?.chain
    const u = Math.floor(random() * 2)
    if (any !== undefined) send(u, any, { kind: 'transfer', to: keyAddress(new Uint8Array(32).fill(u)), value: 1n })
    time.after(100, addTx)
  }

  /** Bad weather and calm in turns. A node is down at most while the weather is bad. */
  function change(): void {
    if (net === calm) {
      const kind = Math.floor(random() * 4)
      if (kind === 0) net = { ...calm, groups: validators.map(() => Math.floor(random() * 2)) }
      else if (kind === 1) net = { spreadMs: 1_500, drop: random() * 0.4 }
      else if (kind === 2) net = { spreadMs: 200, drop: 0.1, groups: validators.map(() => Math.floor(random() * 3)) }
      else {
        net = { ...calm, spreadMs: 46 }
        for (const i of validators.keys()) if (random() < 0.5 && running[i] !== undefined) fall(i)
      }
      time.after(1_000 + random() * 6_000, change)
      return
    }
    net = calm
    heals++
    time.after(300 + random() * 1_200, change)
  }

  for (const i of validators.keys()) await boot(i)
  addTx()
  if (options.weather === true) time.after(500, change)
  const heightOf = (r: (typeof running)[number]): number => r?.chain.head().header.height ?? 0
  while (monitor.conflicts.length === 0 && monitor.faults.length === 0 && running.some((r) => heightOf(r) < heights)) {
    const run = time.next()
    if (run === undefined || time.now > HOUR_MS) monitor.fault(`no end: heights ${running.map(heightOf).join(' ')}`)
    else await run()
  }
  const chains = running.flatMap((r) => (r === undefined ? [] : [r.chain]))
  const common = Math.min(heights, ...chains.map((chain) => chain.head().header.height))
  const [first] = chains
  return {
    blocks: chains.map((chain) => Array.from({ length: common }, (_, h) => toHex(chain.headerAt(h + 1).hash))),
    stateRoots: chains.map((chain) => toHex(chain.headerAt(common).header.state.accounts)),
    transactions: Array.from({ length: common }, (_, h) => first?.blockAt(h + 1).txs.length ?? 0).reduce((a, b) => a + b, 0),
    crashes,
    heals,
    operations: disks[0]?.operations ?? 0,
    accused: [...accused],
    slashed: validators.flatMap((v, i) => (first?.slashedAt(v.validator.bls) === undefined ? [] : [i])),
    conflicts: monitor.conflicts,
    faults: monitor.faults,
  }
}
