/** Our side of the transfer rows: one node's chain on a real disk, and transfers signed beforehand. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createGenesis, openChain, type Chain, type ChainOptions } from '../../runtime/consensus/index.ts'
import {
  concatBytes,
  domain,
  encodeTx,
  encodeTxBody,
  keyAddress,
  type ContractExecutor,
  type Kv,
  type TxBody,
} from '../../runtime/core/index.ts'
import * as crypto from '../../runtime/crypto/native.ts'
import { openLmdb } from '../../runtime/kv/index.ts'

const UNC = 10n ** 18n
const GAS = 1_000_000n
/** Times the least base fee that a transaction offers: no block is so full that it waits. */
const FEES = 100_000n

export interface Sender {
  readonly key: Uint8Array
  readonly address: Uint8Array
  sign(message: Uint8Array): Uint8Array
}

/** Senders whose keys are the same in every run. */
export function senders(count: number): Sender[] {
  return Array.from({ length: count }, (_, i) => {
    const seed = new Uint8Array(32)
    new DataView(seed.buffer).setUint32(0, i + 1)
    const { key, sign } = crypto.openSigner(seed)
    return { key, address: keyAddress(key), sign }
  })
}

/** No contract runs in a chain of transfers. */
export const noContracts: ContractExecutor = {
  ready: () => {},
  keep: () => {},
  query: (run) => noContracts.run(run),
  has: () => false,
  holds: () => false,
  measures: () => false,
  run: () => {
    throw new Error('a transfer runs no contract')
  },
}

export interface OwnChain {
  readonly chain: Chain
  readonly kv: Kv
  /** Makes the next block final. */
  produce(): ReturnType<Chain['produce']>
  close(): Promise<void>
}

const VOTE = crypto.blsKeygen(new Uint8Array(32).fill(9))
const NODE = new Uint8Array(32).fill(8)

/** A chain of one validator on lmdb in a folder of its own, with its accounts rich. */
export async function openOwnChain(rich: readonly Uint8Array[], options: Partial<ChainOptions> = {}): Promise<OwnChain> {
  crypto.useNativeHashes()
  const key = crypto.publicKeyEd25519(NODE)
  const bls = crypto.blsPublicKey(VOTE)
  const genesis = createGenesis({
    name: 'bench',
    time: 1_700_000_000_000,
    dev: true,
    validators: [{ key, bls, pop: crypto.blsProvePossession(VOTE), power: 1 }],
    accounts: rich.map((address) => ({ address, balance: 1_000_000n * UNC })),
    salt: Uint8Array.of(1),
  })
  const folder = mkdtempSync(join(tmpdir(), 'utnet-bench-'))
  const kv = await openLmdb(folder)
  const chain = await openChain({ genesis, kv, executor: noContracts, crypto, ...options })
  const proposer = { key, vrfProve: (alpha: Uint8Array) => crypto.vrfProve(NODE, alpha) }
  const voters = [{ bls, sign: (message: Uint8Array) => crypto.blsSign(message, VOTE) }]
  return {
    chain,
    kv,
    produce: () => chain.produce({ timeMs: chain.head().header.time + 1_000, proposer, voters }),
    async close() {
      await kv.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** What is needed of a chain to sign for it. */
export type ChainOf = Pick<Chain, 'chainId' | 'params'>

/** Wire bytes of a signed transaction. */
export function signed(chain: ChainOf, from: Sender, nonce: number, payload: TxBody['payload'], gasLimit = GAS, fees = FEES): Uint8Array {
  const body: TxBody = {
    chainId: chain.chainId,
    sender: from.key,
    nonce,
    expiry: 1_000_000,
    gasLimit,
    maxFeePerGas: chain.params.baseFee * fees,
    payload,
  }
  return encodeTx({ body, sig: from.sign(concatBytes(domain('tx'), encodeTxBody(body))) })
}

/** Transfers of every sender, `nonces` each from `first` on, in the order of nonces. */
export function transfers(chain: ChainOf, from: readonly Sender[], first: number, nonces: number, fees = FEES): Uint8Array[] {
  const out: Uint8Array[] = []
  for (let nonce = first; nonce < first + nonces; nonce++)
    for (const [i, sender] of from.entries())
      out.push(
        signed(
          chain,
          sender,
          nonce,
          { kind: 'transfer', to: (from[(i * 7 + nonce + 1) % from.length] as Sender).address, value: 1n },
          GAS,
          fees,
        ),
      )
  return out
}
