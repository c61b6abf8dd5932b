/** One real chain whose set changes, driven with the keys of all its nodes: whoever is drawn proposes, all of the set vote. */
import {
  decodeChip,
  leaderOf,
  type ChipAction,
  type ChipRecord,
  type CID,
  type Genesis,
  type NodeAction,
  type TxPayload,
} from '../../../core/index.ts'
import { openChain, type Chain, type TxOutcome } from '../../index.ts'
import {
  crypto,
  signTx,
  simulatedExecutor,
  simulatedKv,
  testGenesis,
  userOf,
  UNC,
  validatorOf,
  type SimulatedKv,
  type TestUser,
  type TestValidator,
} from '../../testing/test-kit.ts'
import { chipKey } from '../keys.ts'

const GAS = 80_000_000n

export interface PowerChain {
  readonly chain: Chain
  readonly chainId: CID
  readonly kv: SimulatedKv
  readonly nodes: readonly TestValidator[]
  /** Puts transactions into the next block; gives how each ended, in order: its status, or why it was refused. */
  block(...txs: readonly (readonly [TestUser, TxPayload])[]): Promise<string[]>
  chip(user: TestUser, action: ChipAction): Promise<string>
  node(user: TestUser, action: NodeAction): Promise<string>
  /** Makes empty blocks up to a height. */
  toHeight(height: number): Promise<void>
  /** Makes empty blocks up to the last of the epoch. */
  endEpoch(): Promise<void>
  /** Powers of the nodes at a height; 0 for one that is not in the set. */
  powers(height: number): number[]
  /** A chip's record at the head. */
  chipAt(serial: Uint8Array): ChipRecord
  /** The same chain opened again over a copy of what is durable. */
  reopened(): Promise<PowerChain>
}

/** A chain of nodes 11, 12, ... with the founding powers given (0: the node is none of the genesis), all with money, as are users 2, 3 and 4. */
export async function powerChain(founding: readonly number[], over: Partial<Parameters<typeof testGenesis>[0]> = {}): Promise<PowerChain> {
  const nodes = founding.map((power, i) => validatorOf(11 + i, Math.max(1, power)))
  const genesis = testGenesis({
    validators: nodes.filter((_, i) => founding[i] !== 0).map((v) => v.validator),
    accounts: [...[2, 3, 4].map(userOf), ...nodes].map(({ address }) => ({ address, balance: 1_000_000n * UNC })),
    epochBlocks: 4,
    trustingBlocks: 20,
    ...over,
  })
  return openPower(genesis, nodes, simulatedKv())
}

const reason = ({ status, message }: TxOutcome): string => (status === 'ok' ? 'ok' : (message ?? status))

async function openPower(genesis: Genesis, nodes: readonly TestValidator[], kv: SimulatedKv): Promise<PowerChain> {
  const chain = await openChain({ genesis, kv, executor: simulatedExecutor, crypto })
  const { epochBlocks } = genesis

  async function block(...txs: readonly (readonly [TestUser, TxPayload])[]): Promise<string[]> {
    const height = chain.head().header.height + 1
    const ids = txs.map(([user, payload]) => {
      const body = {
        chainId: chain.chainId,
        nonce: chain.nextNonce(user.address),
        expiry: height,
        gasLimit: GAS,
        maxFeePerGas: chain.params.baseFee,
        payload,
      }
      return chain.submit(signTx(user, body)).id.toString()
    })
    const set = chain.setAt(height)
    const leader = set[leaderOf(chain.head().header.seed, 0, set)]
    const holder = nodes.find((v) => v.key.join() === leader?.key.join()) as TestValidator
    const voters = nodes.filter((v) => set.some((m) => m.key.join() === v.key.join())).map((v) => v.voter)
    const { outcomes } = await chain.produce({ timeMs: chain.head().header.time + 1_000, proposer: holder.proposer, voters })
    return ids.map((id) => reason(outcomes.find((o) => o.id.toString() === id) as TxOutcome))
  }

  const one = async (user: TestUser, payload: TxPayload): Promise<string> => (await block([user, payload]))[0] as string
  const toHeight = async (height: number): Promise<void> => {
    while (chain.head().header.height < height) await block()
  }
  return {
    chain,
    chainId: chain.chainId,
    kv,
    nodes,
    block,
    chip: (user, action) => one(user, { kind: 'chip', action }),
    node: (user, action) => one(user, { kind: 'node', action }),
    toHeight,
    endEpoch: () => toHeight((Math.floor(chain.head().header.height / epochBlocks) + 1) * epochBlocks),
    powers: (height) => nodes.map((v) => chain.setAt(height).find((m) => m.key.join() === v.key.join())?.power ?? 0),
    chipAt: (serial) => decodeChip(chain.prove('offchain', chipKey(serial)).value as Uint8Array),
    reopened: () => openPower(genesis, nodes, kv.copy()),
  }
}
