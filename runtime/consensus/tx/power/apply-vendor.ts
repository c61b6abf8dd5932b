/** Adds a vendor's root when more than half of the power of a recent set signed it. */
import {
  isUtnetError,
  signersOf,
  totalPower,
  UtnetError,
  utf8,
  LIMITS,
  vendorMessage,
  type Validator,
  type VendorProposal,
} from '../../../core/index.ts'
import { isEd25519Key } from '../../../crypto/index.ts'
import { addVendor, isVendor, isVendorName } from '../../power/index.ts'
import type { WorkingState } from '../../state/index.ts'
import { type BlockContext, effect, refused, type TxEffect } from '../effect/index.ts'
import type { ChainTx } from '../admission/index.ts'

function signersIn(proposal: VendorProposal, set: readonly Validator[]): readonly Validator[] {
  try {
    return signersOf(proposal, set)
  } catch (error) {
    if (isUtnetError(error, 'chain_invalid')) return []
    throw error
  }
}

function fault(state: WorkingState, block: BlockContext, p: VendorProposal): string | undefined {
  if (p.name.length === 0 || utf8(p.name).length > LIMITS.vendorNameBytes) return 'the name is empty or too long'
  if (!isEd25519Key(p.key)) return 'the root key is not valid'
  if (isVendor(state, p.key)) return 'the root was added before'
  if (isVendorName(state, p.name)) return 'a vendor has this name'
  const set = block.setAt(p.height)
  if (set === undefined) return 'the height is to come, or older than the trusting period'
  const signers = signersIn(p, set)
  if (totalPower(signers) * 2 <= totalPower(set)) return 'half of the power or less signed'
  const message = vendorMessage(block.chainId, p.height, p.name, p.key)
  const keys = signers.map((v) => v.bls)
  return block.crypto.blsFastAggregateVerify(p.signature, message, keys) ? undefined : 'the aggregate signature is not valid'
}

/** Applies a transaction of kind vendor. */
export function applyVendor(state: WorkingState, block: BlockContext, tx: ChainTx): TxEffect {
  const { payload } = tx.body
  if (payload.kind !== 'vendor') throw new UtnetError('core_bad_argument', 'not of a vendor')
  const { proposal } = payload
  const why = fault(state, block, proposal)
  if (why !== undefined) return refused(tx, tx.intrinsicGas, why)
  addVendor(state, proposal, block.height)
  return effect(tx, { gas: tx.intrinsicGas, touched: [['record', proposal.key]] })
}
