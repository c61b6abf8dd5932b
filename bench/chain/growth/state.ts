/** A chain over a folder whose state holds so many accounts: a real genesis, and states above it that come in blocks of many accounts, without transactions. */
import {
  decodeHeader,
  encodeAccount,
  encodeHeader,
  headerHash,
  keyAddress,
  utf8,
  type Account,
  type Genesis,
  type Header,
  type Kv,
} from '../../../runtime/core/index.ts'
import { openChain } from '../../../runtime/consensus/index.ts'
import { encodeHead, encodeHeaderRow, HEAD_KEY, headerKey, rootsKey } from '../../../runtime/consensus/chain/rows/rows.ts'
import { decodeRoots, encodeRoots, rootHashes, updateState, type Roots, type StateUpdate } from '../../../runtime/consensus/state/index.ts'
import { crypto, simulatedExecutor, testGenesis, UNC } from '../../../runtime/consensus/testing/test-kit.ts'
import { createPageStore, type PageStore, type TrieChange } from '../../../runtime/consensus/trie/index.ts'

/** Accounts that one of the large blocks adds. */
const AT_ONCE = 50_000

export const growthGenesis: Genesis = testGenesis({ salt: utf8('growth') })

const openOn = (kv: Kv) => openChain({ genesis: growthGenesis, kv, executor: simulatedExecutor, crypto })

/** The address of account `i`. */
export function addressOf(i: number): Uint8Array {
  const key = new Uint8Array(32)
  new DataView(key.buffer).setUint32(0, i)
  return keyAddress(key)
}

export const accountOf = (i: number, nonce: number): Account => ({ balance: UNC + BigInt(i), nonce, bond: 0n, node: null })

export interface GrownState {
  readonly kv: Kv
  readonly store: PageStore
  readonly accounts: number
  roots: Roots
  header: Header
}

/** The root update that changes of accounts make. */
export function updateOf(state: GrownState, changes: readonly TrieChange[]): StateUpdate {
  return updateState(state.store, state.roots, { accounts: changes, contracts: [], offchain: [] }, state.header.height + 1)
}

/** Makes a root update durable, as a block does; the rows that no longer count are deleted behind that. */
export async function commitTo(state: GrownState, update: StateUpdate): Promise<void> {
  const height = state.header.height + 1
  const header: Header = {
    ...state.header,
    height,
    parent: headerHash(state.header),
    time: state.header.time + 1,
    state: rootHashes(update.roots),
  }
  await state.kv.commit([
    ...update.rows,
    [rootsKey(height), encodeRoots(update.roots)],
    [headerKey(height), encodeHeaderRow({ header, certificate: null })],
    [HEAD_KEY, encodeHead({ chainId: header.chainId.bytes, height })],
  ])
  update.remember()
  state.roots = update.roots
  state.header = decodeHeader(encodeHeader(header))
}

/** Deletes what no longer counts. */
export function pruneOf(state: GrownState, update: StateUpdate): Promise<void> {
  return state.kv.commit(update.stale.map((row) => [row, undefined] as const))
}

/** Starts the chain and fills its state. */
export async function grow(kv: Kv, accounts: number): Promise<GrownState> {
  const chain = await openOn(kv)
  const { header } = chain.head()
  const state: GrownState = { kv, store: createPageStore(kv), accounts, roots: decodeRoots(kv.get(rootsKey(0)) as Uint8Array), header }
  for (let from = 0; from < accounts; from += AT_ONCE) {
    const count = Math.min(AT_ONCE, accounts - from)
    const update = updateOf(
      state,
      Array.from({ length: count }, (_, i) => [addressOf(from + i), encodeAccount(accountOf(from + i, 0))] as const),
    )
    await commitTo(state, update)
    await pruneOf(state, update)
  }
  return state
}

/** Opens the chain of a folder that was filled, and answers for one account. */
export async function answer(kv: Kv, i: number): Promise<bigint> {
  return (await openOn(kv)).account(addressOf(i)).balance
}
