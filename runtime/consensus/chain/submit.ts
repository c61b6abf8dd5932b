/** Takes transactions into the mempool: everything is checked here, so that a block is built from good ones. */
import { equalBytes, formatAddress, isUtnetError, nodeAccountKey, UtnetError, type Account, type CID } from '../../core/index.ts'
import { readAccount } from '../state/index.ts'
import type { PoolView } from '../mempool/index.ts'
import {
  badSignature,
  baseFeeOf,
  batchSignerFault,
  checkEarly,
  checkForm,
  checkPublish,
  checkSignature,
  contractAt,
  readName,
  readTx,
  signedBySenders,
  type ChainTx,
} from '../tx/index.ts'
import { headState, poolView, type ChainCore } from './head/index.ts'

/** Refuses early what would only pay and do nothing. What waits before it may still change that, so the block decides. */
function checkUse(core: ChainCore, tx: ChainTx): void {
  const { payload } = tx.body
  const state = core.contracts.over(headState(core))
  switch (payload.kind) {
    case 'publish':
      checkPublish(readName(state, payload.name), tx.address, payload.name, payload.world)
      return
    case 'call':
      if (contractAt(state, payload.to) === undefined && !core.mempool.holds('publish')) {
        throw new UtnetError('guest_not_found', `no contract stands at ${formatAddress(payload.to)}`)
      }
      return
    case 'anchor': {
      let node: Uint8Array | undefined
      let account: Account | undefined
      for (const { batch, sig } of payload.batches) {
        // Mostly all are of one node.
        if (account === undefined || node === undefined || !equalBytes(node, batch.node)) {
          node = batch.node
          account = readAccount(state, nodeAccountKey(node))
        }
        const fault = batchSignerFault(batch, sig, account, { chainId: core.rules.chainId, crypto: core.crypto })
        if (fault !== undefined) throw new UtnetError('receipt_invalid', fault)
      }
      return
    }
    default:
  }
}

/** Nothing waits here that this node could not put into a block: whoever publishes a contract brings its component first. */
function checkHeld(core: ChainCore, { body: { payload } }: ChainTx): void {
  if (payload.kind !== 'publish' || payload.world !== 'contract' || core.executor.holds(payload.module, payload.size)) return
  throw new UtnetError(
    'guest_not_found',
    `no component of ${payload.size} bytes and the name ${payload.module.toString()} is on this node`,
    {
      hint: 'send the component with its transaction: utnet deploy',
    },
  )
}

/** A transaction that waits in the pool. */
export interface TakenTx {
  readonly id: CID
  /** The id as text. */
  readonly hash: string
}

/** What `submitTx` refuses, without letting it wait. */
function checkTx(core: ChainCore, wire: Uint8Array, view: PoolView): ChainTx {
  const tx = readTx(wire, core.params)
  if (core.mempool.get(tx.hash) === undefined) {
    checkForm(tx, core.rules.chainId, core.params)
    core.mempool.admit(tx, view)
    checkSignature(tx, core.crypto)
    checkUse(core, tx)
  }
  return tx
}

/** Checks a transaction and lets it wait. One that waits already is taken again without effect. */
export function submitTx(core: ChainCore, wire: Uint8Array): TakenTx {
  const view = poolView(core)
  const tx = checkTx(core, wire, view)
  if (core.mempool.get(tx.hash) === undefined) {
    checkHeld(core, tx)
    core.mempool.add(tx, view)
  }
  return tx
}

/** Throws what `submitTx` would, but for a component that is not here yet, and `tx_gas` where the transaction would wait for a lower base fee: for who is to work before it is in a block. */
export function checkPaid(core: ChainCore, wire: Uint8Array): void {
  const { maxFeePerGas } = checkTx(core, wire, poolView(core)).body
  const fee = baseFeeOf(headState(core), core.params)
  if (maxFeePerGas < fee)
    throw new UtnetError('tx_gas', `max fee per gas ${maxFeePerGas} is below the base fee of ${fee}`, {
      hint: `offer at least ${fee}`,
      used: fee,
      allowed: maxFeePerGas,
    })
}

/** The value, or the refusal; any other error is thrown on. */
function tried<T>(run: () => T): T | UtnetError {
  try {
    return run()
  } catch (error) {
    if (isUtnetError(error)) return error
    throw error
  }
}

/** Checks all that can be said of a transaction without its signature and without those that wait. */
function readFit(core: ChainCore, wire: Uint8Array): ChainTx {
  const tx = readTx(wire, core.params)
  if (core.mempool.get(tx.hash) === undefined) {
    checkForm(tx, core.rules.chainId, core.params)
    const view = poolView(core)
    checkEarly(tx, view.account(tx.address, tx.sender), view.next)
  }
  return tx
}

/** `submitTx` of many, with all signatures checked at once. Those of one call, and calls among each other, are taken in order. */
export async function submitAll(core: ChainCore, wires: readonly Uint8Array[]): Promise<readonly (TakenTx | UtnetError)[]> {
  const read = wires.map((wire) => tried(() => readFit(core, wire)))
  const open = read.filter((tx) => !isUtnetError(tx) && core.mempool.get(tx.hash) === undefined) as ChainTx[]
  const before = core.taking
  const taken = (async () => {
    const [valid] = await Promise.all([signedBySenders(open, core.crypto), before])
    const bad = new Set(open.filter((_, i) => valid[i] !== true))
    return read.map((tx) => {
      if (isUtnetError(tx)) return tx
      return tried(() => {
        if (core.mempool.get(tx.hash) !== undefined) return tx
        const view = poolView(core)
        core.mempool.admit(tx, view)
        if (bad.has(tx)) throw badSignature(tx)
        checkUse(core, tx)
        checkHeld(core, tx)
        core.mempool.add(tx, view)
        return tx
      })
    })
  })()
  core.taking = taken.catch(() => {})
  return taken
}
