/**
 * What the host does for contracts and transactions, each in isolation and on the real parts: the state trie, signatures, digests, an instance. Prices of
 * storage are set by a trie whose pages lie decoded in the node's cache; what a state that outgrew it costs on disk is measured beside it.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { encode, encodeEvent, PARAMS, sha256, toHex, type Kv } from '../../../runtime/core/index.ts'
import {
  createPageStore,
  EMPTY_ROOT,
  trieGet,
  trieUpdate,
  type PageStore,
  type TrieChange,
  type TrieRoot,
} from '../../../runtime/consensus/trie/index.ts'
import { publicKeyEd25519, signEd25519, useNativeHashes, verifyEd25519 } from '../../../runtime/crypto/native.ts'
import { simulatedEnv, testHost } from '../../../runtime/host/testing/host.ts'
import { wat } from '../../../runtime/host/testing/wat.ts'
import { openLmdb } from '../../../runtime/kv/index.ts'
import { collect, stopwatch } from './clock.ts'

/** One price on its worst operands; the gas is what a call of it pays at least. */
export interface HostPrice {
  readonly id: string
  readonly name: string
  readonly gas: number
  /** No price is set by it. */
  readonly aside?: true
  /** Nanoseconds of one. */
  readonly ns: () => number | Promise<number>
}

type StateRows = Pick<Kv, 'get' | 'commit'>

const TRIE = 1
/** What a cache of 32,768 pages holds. */
const ENTRIES = 1 << 16
const BATCH = 1 << 12
const WRITES = 400
const LARGE = 16
/** Bits of a position down to where all branches lie decoded even of a state that outgrew the cache: 256 of the keys lead through all of these. */
const WARM_PATHS = 256

const key = (n: number): Uint8Array => sha256(Uint8Array.of(n, n >> 8, n >> 16, n >> 24))

async function timed(n: number, work: () => unknown): Promise<number> {
  const watch = stopwatch()
  await work()
  return watch() / n
}

/** What the trie needs of a store, and no more: the trie is measured, not the store. */
function rowsInMemory(): StateRows {
  const rows = new Map<string, Uint8Array>()
  return {
    get: (at) => rows.get(toHex(at)),
    commit: async (changes) => changes.forEach(([at, row]) => (row === undefined ? rows.delete(toHex(at)) : rows.set(toHex(at), row))),
  }
}

/** A trie of `ENTRIES` on a store, and what reading and writing it takes. With `cold` no page of it is decoded but its branches. */
async function stateOf(kv: StateRows) {
  let root: TrieRoot = EMPTY_ROOT
  let height = 0
  let warm = createPageStore(kv)
  const paths = new Map<number, Uint8Array>()
  for (let n = 0; paths.size < WARM_PATHS; n++) paths.set(sha256(key(n))[0] as number, key(n))
  const cold = (): PageStore => {
    const store = createPageStore(kv)
    for (const path of paths.values()) trieGet(store, TRIE, root, path)
    return store
  }
  const apply = async (store: PageStore, changes: readonly TrieChange[]): Promise<void> => {
    const update = trieUpdate(store, TRIE, root, changes, ++height)
    update.remember()
    await kv.commit([...update.rows, ...update.stale.map((row) => [row, undefined] as const)])
    root = update.root
  }
  for (let n = 0; n < ENTRIES; n += BATCH)
    await apply(
      warm,
      Array.from({ length: BATCH }, (_, i) => [key(n + i), key(i)]),
    )
  // Without the pages of all the roots before
  warm = createPageStore(kv)
  for (let n = 0; n < ENTRIES; n++) trieGet(warm, TRIE, root, key(n))
  collect()
  let at = 0
  const some = (n: number): Uint8Array[] => Array.from({ length: n }, () => key((at = (at + 40_503) % ENTRIES)))
  const stores = { cached: () => warm, cold }
  return {
    read: (which: keyof typeof stores) => {
      const keys = some(WRITES)
      const store = stores[which]()
      return timed(WRITES, () => keys.forEach((k) => trieGet(store, TRIE, root, k)))
    },
    /** Their share of a block of `WRITES`. */
    write: async (which: keyof typeof stores) => {
      const changes = some(WRITES).map((k): TrieChange => [k, sha256(Uint8Array.of(height, ...k))])
      const store = stores[which]()
      // what is written past the decoded pages is brought into them
      if (store !== warm) trieUpdate(warm, TRIE, root, changes, height + 1).remember()
      return await timed(WRITES, () => apply(store, changes))
    },
    large: (bytes: number) => {
      const changes = some(LARGE).map((k): TrieChange => [k, new Uint8Array(bytes).fill(height)])
      return timed(LARGE, () => apply(warm, changes))
    },
  }
}

const NOTHING =
  '(component (core module $m (func (export "f"))) (core instance $i (instantiate $m)) (func (export "f") (canon lift (core func $i "f"))))'

/** Measures with `use`, then takes everything away. */
export async function withHostPrices<T>(use: (prices: readonly HostPrice[]) => Promise<T>): Promise<T> {
  useNativeHashes()
  const folder = await mkdtemp(join(tmpdir(), 'utnet-gas-'))
  const disk = await openLmdb(join(folder, 'state'))
  try {
    const state = await stateOf(rowsInMemory())
    const onDisk = await stateOf(disk)
    const { host, tx } = PARAMS
    const secret = key(1)
    const publicKey = publicKeyEd25519(secret)
    const message = new Uint8Array(64).fill(9)
    const signature = signEd25519(message, secret)
    const long = new Uint8Array(64 * 1024)
    const data = encode({ amount: '340282366920938463463374607431768211455', from: 'ut1alice', to: 'ut1bob' })
    const { executor, admit } = testHost()
    const { module } = await admit(await wat(NOTHING))
    const env = simulatedEnv()
    const verify = (): Promise<number> => timed(50, () => Array.from({ length: 50 }, () => verifyEd25519(signature, message, publicKey)))
    const enter = (): Promise<number> =>
      timed(200, () => Array.from({ length: 200 }, () => executor.run({ module, entry: 'f', args: [], gasLimit: 1_000_000n, env })))
    const event = (): Promise<number> =>
      timed(200, () =>
        Array.from({ length: 200 }, () => sha256(encodeEvent({ contract: publicKey.subarray(0, 20), name: 'transferred', data }))),
      )
    const tensor = new Uint8Array(8 << 17)
    return await use([
      { id: 'storage-read', name: 'reading a value of a large state', gas: host.storageRead, ns: () => state.read('cached') },
      { id: 'storage-write', name: 'writing a value of a large state', gas: host.storageWrite, ns: () => state.write('cached') },
      {
        id: 'storage-byte',
        name: 'a byte of a value of 64 KiB',
        gas: host.storageByte,
        ns: async () => (await state.large(65_536)) / 65_536,
      },
      {
        id: 'storage-read-disk',
        name: 'reading a value on disk, of a state of ten times the cache',
        gas: host.storageRead,
        aside: true,
        ns: () => onDisk.read('cold'),
      },
      {
        id: 'storage-write-disk',
        name: 'writing a value on disk, of a state of ten times the cache',
        gas: host.storageWrite,
        aside: true,
        ns: () => onDisk.write('cold'),
      },
      {
        id: 'storage-byte-disk',
        name: 'a byte of a value of 64 KiB on disk',
        gas: host.storageByte,
        aside: true,
        ns: async () => (await onDisk.large(65_536)) / 65_536,
      },
      { id: 'event-base', name: 'encoding and hashing an event', gas: host.eventBase, ns: event },
      {
        id: 'sha256-base',
        name: 'sha256 of nothing',
        gas: host.sha256Base + host.sha256Per64,
        ns: () => timed(500, () => Array.from({ length: 500 }, () => sha256(new Uint8Array(0)))),
      },
      {
        id: 'sha256-per64',
        name: 'sha256 of 64 KiB',
        gas: host.sha256Base + 1_025 * host.sha256Per64,
        ns: () => timed(8, () => Array.from({ length: 8 }, () => sha256(long))),
      },
      { id: 'ed25519-verify', name: 'checking a signature', gas: host.ed25519Verify, ns: verify },
      {
        id: 'contract-call',
        name: 'finding, making and entering a contract that does nothing',
        gas: host.contractCall,
        ns: async () => (await enter()) + 2 * (await state.read('cached')),
      },
      {
        id: 'tx-base',
        name: 'a transaction before it runs: its signature, two accounts written',
        gas: tx.base,
        ns: async () => (await verify()) + 2 * (await state.write('cached')),
      },
      {
        id: 'tensor-element',
        name: 'hashing an element of 8 bytes',
        gas: host.tensorElement,
        ns: () => timed(1 << 17, () => sha256(tensor)),
      },
    ])
  } finally {
    await disk.close()
    await rm(folder, { recursive: true, force: true })
  }
}
