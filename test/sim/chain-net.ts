/** The real chain on several validators in one process: real keys, real execution, stores on simulated disks that lose power. */
import { isUtnetError, keyAddress, toHex } from '../../runtime/core/index.ts'
import {
  Bft,
  bftCrypto,
  BftNode,
  chainApp,
  decodeSignedRow,
  encodeSignedRow,
  payloadLabel,
  SIGNED_KEY,
} from '../../runtime/consensus/bft/index.ts'
import { openChain, type Chain } from '../../runtime/consensus/index.ts'
import { crypto, signTx, simulatedExecutor, testGenesis, userOf, validatorOf } from '../../runtime/consensus/test-kit.ts'
import { seededRandom, SimulatedDisk, simulatedKv } from '../../runtime/kv/index.ts'
import { Scheduler } from './scheduler.ts'

export interface ChainNetOptions {
  readonly seed: number
  readonly heights: number
  /** Operation of the first node's disk at which it loses power. */
  readonly crashAt?: number
  /** Share of messages lost. */
  readonly drop?: number
}

export interface ChainNetReport {
  /** Hashes of the blocks by validator, from height 1. */
  readonly blocks: readonly (readonly string[])[]
  readonly stateRoots: readonly string[]
  readonly transactions: number
  readonly crashes: number
  /** Operations of the first node's disk, where it never lost power. */
  readonly operations: number
  readonly evidence: number
}

const START = 1_700_000_000_000

/** Runs validators of powers 1, 2, 3 and 4 until each has `heights` blocks. */
export async function runChainNet({ seed, heights, crashAt, drop = 0 }: ChainNetOptions): Promise<ChainNetReport> {
  const random = seededRandom(seed)
  const time = new Scheduler()
  const validators = [11, 12, 13, 14].map((n, i) => validatorOf(n, i + 1))
  const users = [2, 3, 4].map(userOf)
  const genesis = testGenesis({ validators: validators.map((v) => v.validator) })
  let crashes = 0
  let evidence = 0
  const disks = validators.map(
    (_, i) => new SimulatedDisk({ seed: seed * 10 + i, ...(i === 0 && crashAt !== undefined ? { crashAt } : {}) }),
  )
  const running: ({ readonly chain: Chain; readonly node: BftNode } | undefined)[] = validators.map(() => undefined)
  const wires: Uint8Array[] = []

  async function guard(i: number, work: () => Promise<unknown>): Promise<void> {
    try {
      await work()
    } catch (error) {
      if (!isUtnetError(error, 'disk_failed')) throw error
      running[i]?.node.stop()
      running[i] = undefined
      crashes++
      time.after(3_000, async () => {
        disks[i]?.crash()
        await boot(i)
      })
    }
  }

  const boot = (i: number): Promise<void> =>
    guard(i, async () => {
      const v = validators[i] as (typeof validators)[number]
      const kv = await simulatedKv(disks[i] as SimulatedDisk)
      const chain = await openChain({ genesis, kv, executor: simulatedExecutor, crypto })
      const keys = { voter: v.voter, signNode: (message: Uint8Array) => crypto.signEd25519(message, v.secret) }
      const machine = new Bft({ crypto: bftCrypto(chain.chainId, keys, crypto), labelOf: payloadLabel })
      const node: BftNode = new BftNode(machine, {
        app: chainApp({ chain, proposer: v.proposer, clock: () => START + 10_000 + time.now }),
        loadRow: () => {
          const row = kv.get(SIGNED_KEY)
          return row === undefined ? undefined : decodeSignedRow(row)
        },
        saveRow: (row) => kv.commit([[SIGNED_KEY, encodeSignedRow(row)]]),
        send: (message, to) => {
          for (const at of to === undefined ? validators.keys() : [Number(to)]) {
            if (at === i || random() < drop) continue
            time.after(5 + random() * 45, () => guard(at, async () => running[at]?.node.receive(String(i), message)))
          }
        },
        timer: (ms, fire) => time.after(ms, () => guard(i, () => node.fire(fire))),
        onEvidence: () => evidence++,
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
  function addTx(): void {
    const any = running.find((r) => r !== undefined)?.chain
    const u = Math.floor(random() * users.length)
    if (any !== undefined) {
      const wire = signTx(users[u] as (typeof users)[number], {
        chainId: any.chainId,
        nonce: nonces[u] as number,
        expiry: 10_000,
        gasLimit: 1_000_000n,
        maxFeePerGas: any.params.baseFee,
        payload: { kind: 'transfer', to: keyAddress(new Uint8Array(32).fill(u)), value: 1n },
      })
      nonces[u] = (nonces[u] as number) + 1
      wires.push(wire)
      for (const r of running) if (r !== undefined) submit(r.chain, wire)
    }
    time.after(100, addTx)
  }

  for (const i of validators.keys()) await boot(i)
  addTx()
  const heightOf = (r: (typeof running)[number]): number => r?.chain.head().header.height ?? 0
  while (running.some((r) => heightOf(r) < heights)) {
    const run = time.next()
    if (run === undefined || time.now > 3_600_000) throw new Error(`seed ${seed}: no end, heights ${running.map(heightOf).join(' ')}`)
    await run()
  }
  const chains = running.map((r) => (r as NonNullable<typeof r>).chain)
  return {
    blocks: chains.map((chain) => Array.from({ length: heights }, (_, h) => toHex(chain.headerAt(h + 1).hash))),
    stateRoots: chains.map((chain) => toHex(chain.headerAt(heights).header.state.accounts)),
    transactions: Array.from({ length: heights }, (_, h) => (chains[0] as Chain).blockAt(h + 1).txs.length).reduce((a, b) => a + b, 0),
    crashes,
    operations: disks[0]?.operations ?? 0,
    evidence,
  }
}
