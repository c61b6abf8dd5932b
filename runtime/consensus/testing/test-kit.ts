/** What the chain's tests run on: keys, a store in memory that can fail, and a simulated executor. Not part of the chain. */
import {
  cidOf,
  compareBytes,
  encodeTx,
  fromHex,
  fromUtf8,
  keyAddress,
  offeredFee,
  RAW,
  sha256,
  toHex,
  txSigningBytes,
  utf8,
  UtnetError,
  type BatchStatement,
  type Cbor,
  type CID,
  type ContractExecutor,
  type Genesis,
  type Kv,
  type RunBody,
  type TxBody,
  type TxPayload,
  type Validator,
  batchMessage,
} from '../../core/index.ts'
import * as crypto from '../../crypto/native.ts'
import { createGenesis, openChain, type Chain, type ChainOptions, type Proposer, type Voter } from '../index.ts'

export { crypto }

/** Bytes that are the same in every run, others for each number below 65,536. */
const bytesOf = (n: number): Uint8Array => new Uint8Array(32).fill(n).fill((n & 255) ^ (n >> 8), 0, 1)

const secretOf = (n: number): Uint8Array => crypto.blsKeygen(bytesOf(n))

export interface TestUser {
  readonly secret: Uint8Array
  readonly key: Uint8Array
  readonly address: Uint8Array
}

export function userOf(n: number): TestUser {
  const secret = bytesOf(n)
  const key = crypto.publicKeyEd25519(secret)
  return { secret, key, address: keyAddress(key) }
}

export interface TestValidator extends TestUser {
  readonly validator: Validator
  readonly proposer: Proposer
  readonly voter: Voter
}

export function validatorOf(n: number, power = 1): TestValidator {
  const user = userOf(n)
  const blsSecret = secretOf(n)
  const bls = crypto.blsPublicKey(blsSecret)
  return {
    ...user,
    validator: { key: user.key, bls, pop: crypto.blsProvePossession(blsSecret), power },
    proposer: { key: user.key, vrfProve: (alpha) => crypto.vrfProve(user.secret, alpha) },
    voter: { bls, sign: (message) => crypto.blsSign(message, blsSecret) },
  }
}

export type SimulatedKv = Kv & {
  /** The commit with this number from now on fails, and nothing of it is kept. */
  failAt(commit: number): void
  readonly commits: () => number
  readonly rows: () => readonly (readonly [Uint8Array, Uint8Array])[]
  copy(): SimulatedKv
}

/** A store in memory: what a crash leaves is what was committed. */
export function simulatedKv(from: ReadonlyMap<string, Uint8Array> = new Map()): SimulatedKv {
  const rows = new Map(from)
  let left = Number.POSITIVE_INFINITY
  let commits = 0
  const sorted = () => [...rows].map(([key, value]) => [fromHex(key), value] as const).sort((a, b) => compareBytes(a[0], b[0]))
  return {
    get: (key) => rows.get(toHex(key)),
    range: (start, end, options = {}) => {
      const hits = sorted().filter(([key]) => compareBytes(key, start) >= 0 && compareBytes(key, end) < 0)
      if (options.reverse === true) hits.reverse()
      return hits.slice(0, options.limit)
    },
    commit: (changes) => {
      if (--left < 0) return Promise.reject(new UtnetError('disk_failed', 'simulated failure'))
      commits++
      for (const [key, value] of changes) {
        if (value === undefined) rows.delete(toHex(key))
        else rows.set(toHex(key), value.slice())
      }
      return Promise.resolve()
    },
    close: () => Promise.resolve(),
    failAt: (n) => {
      left = n
    },
    commits: () => commits,
    rows: sorted,
    copy: () => simulatedKv(rows),
  }
}

/** A contract of a few exports in place of a wasm guest: put, get, remove, emit, fail, spin, and faults of the caller and of the node. */
export const simulatedExecutor: ContractExecutor = {
  ready: () => {},
  keep: () => {},
  query: (run) => simulatedExecutor.run(run),
  has: () => false,
  holds: () => true,
  measures: () => true,
  run: ({ entry, args, gasLimit, env }) => {
    const text = (i: number): Uint8Array => utf8(String(args[i] ?? ''))
    const ok = (result: Cbor, gas = 1_000n) => ({ status: 'ok' as const, result, gas })
    if (gasLimit < 1_000n) return { status: 'out-of-gas', result: null, gas: gasLimit }
    switch (entry) {
      case 'put':
        env.set(text(0), text(1))
        return ok(null)
      case 'get': {
        const value = env.get(text(0))
        return ok(value === undefined ? [] : [fromUtf8(value)])
      }
      case 'remove':
        env.set(text(0), undefined)
        return ok(null)
      case 'emit':
        env.emit(fromUtf8(text(0)), Uint8Array.of(0xf6))
        return ok(null)
      case 'whoami':
        return ok([env.caller, env.contract, env.height, env.time, env.chainId])
      case 'fail':
        env.set(text(0), text(1))
        env.emit('lost', Uint8Array.of(0xf6))
        return { status: 'trap', result: null, gas: gasLimit, message: 'unreachable' }
      case 'spin':
        env.set(text(0), text(1))
        return { status: 'out-of-gas', result: null, gas: gasLimit }
      case 'swallow':
        try {
          env.set(text(0), text(1))
        } catch {
          // as a host that makes every error a trap
        }
        return { status: 'trap', result: null, gas: gasLimit }
      case 'fault':
        throw new UtnetError('host_fault', 'the module is not loaded')
      default:
        throw new UtnetError('guest_export_not_found', `no export ${entry}`)
    }
  },
}

/** A signed transaction's wire bytes. */
export function signTx(user: TestUser, body: Omit<TxBody, 'sender'>): Uint8Array {
  const whole: TxBody = { ...body, sender: user.key }
  return encodeTx({ body: whole, sig: crypto.signEd25519(txSigningBytes(whole), user.secret) })
}

/** A batch statement signed by a node. */
export function signBatch(
  node: TestUser,
  chainId: CID,
  batch: Omit<BatchStatement, 'node'>,
): { readonly batch: BatchStatement; readonly sig: Uint8Array } {
  const whole = { ...batch, node: node.key }
  return { batch: whole, sig: crypto.signEd25519(batchMessage(chainId, whole), node.secret) }
}

/** The body of a receipt of a node, of this chain and its last block; the seed is zero. */
export function runBody(chain: Chain, node: TestUser, thread: number, seq: number, over: Partial<RunBody> = {}): RunBody {
  const { height, time } = chain.head().header
  return {
    v: 1,
    kind: 'invoke',
    module: cidOf(RAW, utf8('module')),
    world: 'function',
    entry: 'handle',
    input: sha256(utf8('in')),
    output: sha256(utf8('out')),
    status: 'ok',
    gas: 5n,
    protocol: 1,
    log: null,
    models: [],
    context: { chainId: chain.chainId, height, time, seed: new Uint8Array(32) },
    node: node.key,
    thread,
    seq,
    retention: 'public',
    ...over,
  }
}

export const UNC = 10n ** 18n

export interface TestChain {
  readonly chain: Chain
  readonly kv: SimulatedKv
  readonly genesis: Genesis
  readonly validator: TestValidator
  /** Signs with the sender's next nonce, and sensible values for what is left out. */
  tx(user: TestUser, payload: TxPayload, over?: Partial<TxBody>): Uint8Array
  /** Signs and submits; returns the id. */
  send(user: TestUser, payload: TxPayload, over?: Partial<TxBody>): CID
  produce(timeMs?: number): ReturnType<Chain['produce']>
}

export const VALIDATOR = validatorOf(1)

export function testGenesis(over: Partial<Parameters<typeof createGenesis>[0]> = {}): Genesis {
  return createGenesis({
    name: 'test',
    time: 1_700_000_000_000,
    dev: true,
    validators: [VALIDATOR.validator],
    accounts: [2, 3, 4].map((n) => ({ address: userOf(n).address, balance: 1_000_000n * UNC })),
    salt: Uint8Array.of(1),
    ...over,
  })
}

/** A chain of one validator over a store in memory. */
export async function testChain(options: Partial<ChainOptions> & { readonly kv?: SimulatedKv } = {}): Promise<TestChain> {
  const kv = options.kv ?? simulatedKv()
  const genesis = options.genesis ?? testGenesis()
  const chain = await openChain({ executor: simulatedExecutor, crypto, ...options, genesis, kv })
  const tx: TestChain['tx'] = (user, payload, over = {}) =>
    signTx(user, {
      chainId: chain.chainId,
      nonce: chain.nextNonce(user.address),
      expiry: chain.head().header.height + 100,
      gasLimit: payload.kind === 'anchor' ? 20_000_000n : payload.kind === 'publish' ? 2_000_000n : 1_000_000n,
      maxFeePerGas: offeredFee(chain.baseFee()),
      payload,
      ...over,
    })
  return {
    chain,
    kv,
    genesis,
    validator: VALIDATOR,
    tx,
    send: (user, payload, over) => chain.submit(tx(user, payload, over)).id,
    produce: (timeMs) =>
      chain.produce({ timeMs: timeMs ?? chain.head().header.time + 1_000, proposer: VALIDATOR.proposer, voters: [VALIDATOR.voter] }),
  }
}
