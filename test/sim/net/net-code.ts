/** Code of contracts in a net of validators: each has a host and a store of files of its own, and asks the others over the net for what it lacks. */
import { equalBytes, type AskForCode, type CodeNeed, type ContractExecutor, type FileNow, type Kv } from '../../../runtime/core/index.ts'
import { createHost } from '../../../runtime/host/index.ts'
import type { Chain } from '../../../runtime/consensus/index.ts'
import type { TestUser, TestValidator } from '../../../runtime/consensus/testing/test-kit.ts'
import { openStore } from '../../../helia-store/index.ts'

/** Who has what, who gives it, and what a run may do without. */
export interface ChainNetCode {
  /** Accounts that publish. */
  readonly publishers: readonly TestUser[]
  /** Files that a validator has from the beginning. */
  files(index: number): readonly Uint8Array[]
  /** What a validator gives another of a file that it has; honest ones always give it whole. */
  gives(from: number, to: number, file: Uint8Array, atMs: number): Uint8Array | undefined
  /** What a validator's chain runs on in place of its host, and what asks in place of the net. */
  readonly executor?: (own: ContractExecutor, files: FileNow) => ContractExecutor
  readonly ask?: (own: AskForCode) => AskForCode
}

/** The code of one validator while it is up. */
export interface NodeCode {
  readonly executor: ContractExecutor
  readonly keep: (file: Uint8Array) => Promise<unknown>
  /** A file of exactly so many bytes, if it is here. */
  readonly give: (need: CodeNeed) => Uint8Array | undefined
}

/** Opens the store and the host of a validator, with the files that it was given. */
export async function openNodeCode(code: ChainNetCode, index: number, kv: Kv): Promise<NodeCode> {
  const store = await openStore({ kv, offline: true })
  for (const file of code.files(index)) await store.putFile(file)
  const { executor } = createHost({ files: store, fileNow: store.fileNow })
  return {
    executor: code.executor?.(executor, store.fileNow) ?? executor,
    keep: (file) => store.putFile(file),
    give: ({ module, bytes }) => (executor.holds(module, bytes) ? store.fileNow(module, bytes) : undefined),
  }
}

/** Contracts that stand on a chain, and their sizes. */
export function contractsOf(chain: Chain): CodeNeed[] {
  const all = chain.guests().filter(({ world }) => world === 'contract')
  return all.flatMap(({ versions }) => versions.map(({ module }) => ({ module, bytes: chain.moduleBytes(module) as number })))
}

/** Places of nodes among the validators. */
export const placesOf = (keys: readonly Uint8Array[], validators: readonly TestValidator[]): number[] =>
  keys.map((key) => validators.findIndex((v) => equalBytes(v.key, key)))
