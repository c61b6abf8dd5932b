/** What makes a transaction unfit for a block: such a one is never in any. What merely fails when it runs is in outcome.ts. */
import {
  encode,
  equalBytes,
  limitError,
  LIMITS,
  UtnetError,
  utf8Length,
  type Account,
  type CID,
  type Params,
  type TxPayload,
} from '../../../core/index.ts'
import type { ChainCrypto } from '../../crypto-port.ts'
import { type ChainTx, signedBytes } from './checked-tx.ts'

const WORLDS: readonly string[] = ['contract', 'function', 'operator', 'command', 'library', 'model']

function checkPayload(tx: ChainTx): void {
  const { payload } = tx.body
  switch (payload.kind) {
    case 'publish':
      if (!WORLDS.includes(payload.world))
        throw new UtnetError('tx_invalid', `world ${payload.world.slice(0, 40)} must be one of ${WORLDS.join(', ')}`)
      if (payload.size > LIMITS.modelBytes) throw limitError('tx_invalid', 'modelBytes', payload.size, LIMITS.modelBytes, 'published size')
      return
    case 'call': {
      const name = utf8Length(payload.export)
      if (name > LIMITS.exportNameBytes)
        throw limitError('tx_invalid', 'exportNameBytes', name, LIMITS.exportNameBytes, 'name of the export')
      // they stand in the transaction
      const size = tx.wire.length <= LIMITS.callArgsBytes ? 0 : encode(payload.args).length
      if (size > LIMITS.callArgsBytes) throw limitError('tx_invalid', 'callArgsBytes', size, LIMITS.callArgsBytes, 'arguments of the call')
      return
    }
    case 'answer':
      if (payload.answer.length > LIMITS.callArgsBytes)
        throw limitError('tx_invalid', 'callArgsBytes', payload.answer.length, LIMITS.callArgsBytes, 'answer')
      return
    case 'evidence':
      if (payload.record.length > LIMITS.misconductBytes)
        throw limitError('tx_invalid', 'misconductBytes', payload.record.length, LIMITS.misconductBytes, 'record of evidence')
      return
    case 'anchor':
      if (payload.batches.length === 0) throw new UtnetError('tx_invalid', 'an anchor must hold at least one batch')
      for (const { batch } of payload.batches) {
        if (batch.size < 1 || batch.size > LIMITS.batchReceipts)
          throw limitError('tx_invalid', 'batchReceipts', batch.size, LIMITS.batchReceipts, 'receipts of a batch')
        if (!Number.isSafeInteger(batch.first + batch.size)) throw new UtnetError('tx_invalid', 'batch first is too large')
        if (payload.data !== null && !equalBytes(batch.node, tx.body.sender))
          throw new UtnetError('tx_invalid', 'only the node itself says where the leaves of its batches are')
      }
      return
    case 'reveal':
      if (payload.reveals.length === 0) throw new UtnetError('tx_invalid', 'a reveal must show at least one leaf')
      return
    default:
  }
}

/** Checks that need neither state nor signature: chain, payload, gas. Throws `tx_chain`, `tx_invalid`, `tx_gas`. */
export function checkForm(tx: ChainTx, chainId: CID, params: Params): void {
  const { body } = tx
  if (!body.chainId.equals(chainId)) throw new UtnetError('tx_chain', `transaction is for chain ${body.chainId}, this is ${chainId}`)
  checkPayload(tx)
  if (body.gasLimit < tx.intrinsicGas) {
    throw new UtnetError(
      'tx_gas',
      `gas limit ${body.gasLimit} is below the ${tx.intrinsicGas} that a transaction of this kind and size costs before it runs`,
      {
        used: tx.intrinsicGas,
        allowed: body.gasLimit,
      },
    )
  }
  if (body.gasLimit > BigInt(LIMITS.blockGas)) throw limitError('tx_gas', 'blockGas', body.gasLimit, LIMITS.blockGas, 'gas limit')
  if (body.maxFeePerGas < params.baseFee) {
    throw new UtnetError('tx_gas', `max fee per gas ${body.maxFeePerGas} is below ${params.baseFee}, the least that a base fee can be`, {
      used: params.baseFee,
      allowed: body.maxFeePerGas,
    })
  }
}

/** Throws `tx_signature` unless the sender signed the transaction. */
export function checkSignature(tx: ChainTx, crypto: ChainCrypto): void {
  if (!crypto.verifyEd25519(tx.sig, signedBytes(tx), tx.body.sender)) throw badSignature(tx)
}

/** What a transaction gives away beside its fee. */
function spentBy(payload: TxPayload): bigint {
  if (payload.kind === 'transfer') return payload.value
  if (payload.kind === 'chip' && payload.action.op === 'buy') return payload.action.price
  return payload.kind === 'node' && payload.action.op === 'bond' ? payload.action.amount : 0n
}

/** Of each transaction whether its sender signed it. */
export async function signedBySenders(txs: readonly ChainTx[], crypto: ChainCrypto): Promise<readonly boolean[]> {
  const checks = txs.map((tx) => ({ signature: tx.sig, message: signedBytes(tx), key: tx.body.sender }))
  const { verifyEd25519Many } = crypto
  return verifyEd25519Many === undefined
    ? checks.map((c) => crypto.verifyEd25519(c.signature, c.message, c.key))
    : await verifyEd25519Many(checks)
}

/** The refusal of a transaction that its sender did not sign. */
export function badSignature(tx: ChainTx): UtnetError {
  return new UtnetError('tx_signature', `signature of transaction ${tx.id} is not valid`)
}

/** The most that a transaction can take from its sender. */
export function reserveOf(tx: ChainTx): bigint {
  const { payload, gasLimit, maxFeePerGas } = tx.body
  return gasLimit * maxFeePerGas + spentBy(payload)
}

/**
 * Of the checks against the sender's account those that nothing which waits could turn, so that nobody has a signature checked for nothing; what offers less than the base fee waits. Throws as
 * `checkAgainst`.
 */
export function checkEarly(tx: ChainTx, account: Account, height: number): void {
  const { nonce } = tx.body
  const reachable = nonce > account.nonce && nonce < account.nonce + LIMITS.mempoolPerSender
  checkAgainst(tx, reachable ? { ...account, nonce } : account, { height, baseFee: 0n })
}

/** Checks against the sender's account in a block of this height and base fee. Throws `tx_expired`, `tx_nonce`, `tx_gas`, `tx_balance`. */
export function checkAgainst(
  tx: ChainTx,
  account: Account,
  { height, baseFee }: { readonly height: number; readonly baseFee: bigint },
): void {
  const { nonce, expiry, maxFeePerGas } = tx.body
  if (expiry < height) throw new UtnetError('tx_expired', `transaction ${tx.id} expired at height ${expiry}, the next block is ${height}`)
  if (nonce !== account.nonce) {
    throw new UtnetError('tx_nonce', `nonce ${nonce} is not the sender's next, ${account.nonce}`, {
      details: { expected: account.nonce, got: nonce },
    })
  }
  if (maxFeePerGas < baseFee) {
    throw new UtnetError('tx_gas', `max fee per gas ${maxFeePerGas} is below the base fee ${baseFee}`, {
      used: baseFee,
      allowed: maxFeePerGas,
    })
  }
  const need = reserveOf(tx)
  if (account.balance < need) {
    throw new UtnetError('tx_balance', `balance ${account.balance} is below the ${need} that the transaction can cost`, {
      used: need,
      allowed: account.balance,
    })
  }
}
