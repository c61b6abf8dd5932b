/** Publishes a module under a name: the first publisher owns the name, later versions come from the owner alone. A contract may set up its state. */
import { contractAddress, encode, formatAddress, UtnetError, type CID } from '../../../core/index.ts'
import {
  codeKey,
  encodeContract,
  encodeName,
  encodeVersion,
  moduleKey,
  moduleSize,
  nameKey,
  versionKey,
  type NameRecord,
  type WorkingState,
} from '../../state/index.ts'
import { type BlockContext, effect, refused, type EffectParts, type TxEffect } from '../effect/index.ts'
import type { ChainTx } from '../admission/index.ts'
import { readName } from '../calls/index.ts'
import { runContract } from './run-contract.ts'

/** Throws `name_taken` or `guest_world` when the sender may not publish this under the name. */
export function checkPublish(known: NameRecord | undefined, sender: Uint8Array, name: string, world: string): void {
  if (known === undefined) return
  const owner = formatAddress(known.owner)
  if (owner !== formatAddress(sender)) {
    throw new UtnetError('name_taken', `name ${name} belongs to ${owner}`, { hint: 'publish under another name', details: { name, owner } })
  }
  if (known.world !== world)
    throw new UtnetError('guest_world', `name ${name} was published as ${known.world}, not ${world}`, {
      hint: 'publish under another name',
    })
}

/**
 * Runs the module's `init()` where the name is new, its `migrate(from)` where it had `from` versions before; nothing where it has no such export.
 * A hook that does not complete undoes the publication.
 */
function runHook(
  state: WorkingState,
  block: BlockContext,
  tx: ChainTx,
  address: Uint8Array,
  module: CID,
  from: number,
): EffectParts | null {
  const [entry, args] = from === 0 ? (['init', []] as const) : (['migrate', [from]] as const)
  if (!block.executor.has(module, entry)) return null
  const seat = { address, module, owner: tx.address, version: from + 1 }
  return runContract(state, block, tx, { seat, entry, args, hook: true })
}

/** Applies a transaction of kind publish. A contract keeps its first address, and so its state, through upgrades. */
export function applyPublish(state: WorkingState, block: BlockContext, tx: ChainTx): TxEffect {
  const { payload, nonce } = tx.body
  if (payload.kind !== 'publish') throw new UtnetError('core_bad_argument', 'not a publish')
  const { name, module, world, size } = payload
  const known = readName(state, name)
  try {
    checkPublish(known, tx.address, name, world)
  } catch (error) {
    if (error instanceof UtnetError) return refused(tx, tx.intrinsicGas, error.message)
    throw error
  }
  // who publishes what is none pays with all that he offered: validators have looked at it
  if (world === 'contract') {
    if (!block.executor.measures(module, size)) return refused(tx, tx.body.gasLimit, `module ${module.toString()} is no contract`)
    state.warm.published(module, size)
  }
  const address = world === 'contract' ? (known?.address ?? contractAddress(tx.address, nonce)) : null
  const index = known?.versions ?? 0
  const checkpoint = state.checkpoint()
  state.set('contracts', nameKey(name), encodeName({ owner: tx.address, world, address, versions: index + 1 }))
  state.set('contracts', versionKey(name, index), encodeVersion({ module, height: block.height }))
  // of other worlds the size is what the first publisher says, so that of a contract, which was measured, takes its place
  const record = state.get('offchain', moduleKey(module))
  if (record === undefined || (world === 'contract' && moduleSize(record) !== size))
    state.set('offchain', moduleKey(module), encode([size, block.height]))
  if (address === null) return effect(tx, { gas: tx.intrinsicGas, names: [name] })
  state.set('contracts', codeKey(address), encodeContract({ module, world, name, owner: tx.address, version: index + 1 }))
  const hook = runHook(state, block, tx, address, module, index)
  if (hook === null) return effect(tx, { gas: tx.intrinsicGas, names: [name], touched: [['contract', address]] })
  if (hook.status === 'ok') return effect(tx, { ...hook, names: [name] })
  state.revert(checkpoint)
  return effect(tx, hook)
}
