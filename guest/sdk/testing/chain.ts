/** For tests of the SDK: contracts of source text on a real chain of one validator. */
import { expect } from 'vitest'
import {
  fileCid,
  publishGas,
  formatAddress,
  keyAddress,
  LIMITS,
  type CallWitness,
  type Cbor,
  type CID,
  type InferenceRequest,
} from '../../../runtime/core/index.ts'
import type { CallNote, ChainOptions, TxOutcome } from '../../../runtime/consensus/index.ts'
import { testChain, userOf, VALIDATOR, type TestChain, type TestUser } from '../../../runtime/consensus/testing/test-kit.ts'
import { buildText } from '../../../runtime/host/build/testing/guests.ts'
import { createHost } from '../../../runtime/host/index.ts'
import { memoryFiles } from '../../../runtime/host/testing/host.ts'

export const ALICE = userOf(2)
export const BOB = userOf(3)

/** What a hook may use: less where the code fills a block. */
const HOOK_GAS = 5_000_000

/** Address in text. */
export const textOf = (user: TestUser): string => formatAddress(keyAddress(user.key))

export interface ContractChain {
  readonly chain: TestChain['chain']
  /** Of the runs so far. */
  readonly witnesses: CallWitness[]
  readonly notes: CallNote[]
  /** Publishes a contract of this text in a block of its own. */
  publish(name: string, text: string, user?: TestUser): Promise<TxOutcome>
  /** The same of a component. */
  publishBytes(name: string, component: Uint8Array, user?: TestUser): Promise<TxOutcome>
  /** Calls in a block of its own. */
  call(name: string, entry: string, args?: readonly Cbor[], user?: TestUser, gasLimit?: bigint): Promise<TxOutcome>
  /** The result of a call that must complete. */
  ok(name: string, entry: string, ...args: readonly Cbor[]): Promise<Cbor>
  query(name: string, entry: string, ...args: readonly Cbor[]): ReturnType<TestChain['chain']['query']>
  /** The result of a query that must complete. */
  ask(name: string, entry: string, ...args: readonly Cbor[]): Promise<Cbor>
  address(name: string): string
  /** Gives an account 1 UNC of Alice's. */
  fund(user: TestUser): Promise<TxOutcome>
  /** The open request of that number. */
  openRequest(name: string, number: bigint): InferenceRequest | undefined
  /** Answers it in a block of its own, as the validator unless somebody else is named. */
  answer(
    name: string,
    number: bigint,
    answer: Uint8Array,
    how?: { readonly user?: TestUser; readonly gasLimit?: bigint },
  ): Promise<TxOutcome>
  /** Components by module. */
  readonly components: Map<string, Uint8Array>
}

/** `over` has the chain and its host made otherwise. */
export async function contractChain(
  over: Partial<Pick<ChainOptions, 'executor' | 'loadModule'>> & { readonly files?: ReturnType<typeof memoryFiles> } = {},
): Promise<ContractChain> {
  const { files = memoryFiles(), ...options } = over
  const host = createHost({ files, fileNow: files.fileNow })
  const notes: CallNote[] = []
  const components = new Map<string, Uint8Array>()
  // The host has no module before the chain asks for it: what a contract calls, it learns from the run
  const t = await testChain({
    executor: host.executor,
    loadModule: (module) => host.load(module),
    onCall: (note) => notes.push(note),
    ...options,
  })

  async function block(id: CID): Promise<TxOutcome> {
    const { dropped } = await t.produce()
    for (const { error } of dropped) throw error
    const found = t.chain.tx(id)
    if (found.state !== 'final') throw new Error(`transaction ${id} stands in no block`)
    return found.outcome
  }

  const addressOf = (name: string): Uint8Array => t.chain.guest(name).address as Uint8Array
  const self: ContractChain = {
    chain: t.chain,
    notes,
    components,
    get witnesses() {
      return notes.map((n) => n.witness)
    },
    async publish(name, text, user = ALICE) {
      return self.publishBytes(name, (await buildText('contract', { 'index.ts': text }, name)).component, user)
    },
    async publishBytes(name, component, user = ALICE) {
      await files.putFile(component)
      const module = fileCid(component)
      components.set(module.toString(), component)
      const payload = { kind: 'publish', name, module, world: 'contract', size: component.length } as const
      return block(t.send(user, payload, { gasLimit: publishGas('contract', component.length) + BigInt(HOOK_GAS) }))
    },
    call: (name, entry, args = [], user = ALICE, gasLimit = BigInt(LIMITS.callGas)) =>
      block(t.send(user, { kind: 'call', to: addressOf(name), export: entry, args: [...args] }, { gasLimit })),
    async ok(name, entry, ...args) {
      const outcome = await self.call(name, entry, args)
      expect(outcome, `${name} ${entry}`).toMatchObject({ status: 'ok' })
      return outcome.result
    },
    query: (name, entry, ...args) => t.chain.query({ contract: name, export: entry, args }),
    async ask(name, entry, ...args) {
      const { outcome } = await self.query(name, entry, ...args)
      expect(outcome, `${name} ${entry}`).toMatchObject({ status: 'ok' })
      return outcome.result
    },
    address: (name) => formatAddress(addressOf(name)),
    fund: (user) => block(t.send(ALICE, { kind: 'transfer', to: user.address, value: 10n ** 18n })),
    openRequest: (name, number) => t.chain.request(addressOf(name), number),
    answer: (name, request, answer, { user = VALIDATOR, gasLimit = BigInt(LIMITS.callGas) } = {}) =>
      block(t.send(user, { kind: 'answer', contract: addressOf(name), request, answer }, { gasLimit })),
  }
  return self
}
