/** Publishes a module under a name: the first publisher owns the name, later versions come from the owner alone. */
import { contractAddress, encode, formatAddress, UtnetError } from '../../core/index.ts'
import {
  codeKey,
  decodeName,
  encodeContract,
  encodeName,
  encodeVersion,
  moduleKey,
  nameKey,
  versionKey,
  type NameRecord,
  type StateReader,
  type WorkingState,
} from '../state/index.ts'
import type { BlockContext } from './block-context.ts'
import type { ChainTx } from './checked-tx.ts'
import { effect, refused } from './effect.ts'
import type { TxEffect } from './outcome.ts'

/** The record of a name, if it was published. */
export function readName(state: StateReader, name: string): NameRecord | undefined {
  const bytes = state.get('contracts', nameKey(name))
  return bytes === undefined ? undefined : decodeName(bytes)
}

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
  const address = world === 'contract' ? (known?.address ?? contractAddress(tx.address, nonce)) : null
  const index = known?.versions ?? 0
  state.set('contracts', nameKey(name), encodeName({ owner: tx.address, world, address, versions: index + 1 }))
  state.set('contracts', versionKey(name, index), encodeVersion({ module, height: block.height }))
  if (address !== null) state.set('contracts', codeKey(address), encodeContract({ module, world, name, owner: tx.address }))
  if (state.get('offchain', moduleKey(module)) === undefined) state.set('offchain', moduleKey(module), encode([size, block.height]))
  return effect(tx, { gas: tx.intrinsicGas, names: [name], touched: address === null ? [] : [['contract', address]] })
}
