/** Answers an inference that a contract asked for: closes the request and runs the contract's callback (white paper 5.6). */
import {
  commitmentRoot,
  decodeAnswer,
  decodeRequest,
  isUtnetError,
  meetsArithmetic,
  nodeRecord,
  requestKey,
  tensorHeads,
  encode,
  equalBytes,
  UtnetError,
  type Commitment,
  type InferenceAnswer,
  type InferenceRequest,
  type ModelUse,
  type TensorHead,
} from '../../../core/index.ts'
import { storeKey, type WorkingState } from '../../state/index.ts'
import { type BlockContext, effect, refused, type TxEffect } from '../effect/index.ts'
import type { ChainTx } from '../admission/index.ts'
import { seatAt } from '../calls/index.ts'
import { runContract } from './run-contract.ts'

const headBytes = ([name, dtype, shape, hash]: TensorHead): Uint8Array => encode([name, dtype, [...shape], hash])

/** Why outputs are no answer to the request; undefined where they are. */
function unfit(request: InferenceRequest, answer: InferenceAnswer & { readonly kind: 'outputs' }): string | undefined {
  const { model, arithmetic, inputs, outputs } = answer.commitment
  if (!meetsArithmetic(request.arithmetic, arithmetic)) return `the request asks for ${request.arithmetic} arithmetic, not ${arithmetic}`
  // a name is whatever the answering node knows by it; a CID is one model
  const named = /^baf[a-z2-7]{50,}$/.test(request.model)
  if (named && request.model !== model.toString()) return `the request names the model ${request.model}, not ${model}`
  const same = (a: readonly TensorHead[], b: readonly TensorHead[]): boolean =>
    a.length === b.length && a.every((head, i) => equalBytes(headBytes(head), headBytes(b[i] as TensorHead)))
  const fits = same(inputs, tensorHeads(request.inputs)) && same(outputs, tensorHeads(answer.outputs))
  return fits ? undefined : 'the commitment is not of these inputs and outputs'
}

/** Why an answer may not close a request; undefined where it may. */
function objection(request: InferenceRequest, answer: InferenceAnswer, registered: boolean, height: number): string | undefined {
  const late = height > request.deadline
  if (answer.kind === 'expired') return late ? undefined : `the request is open until height ${request.deadline}`
  if (late) return `the request was open until height ${request.deadline}`
  // whoever answers must be somebody who can be held to it
  if (!registered) return 'only the account of a registered node answers'
  return answer.kind === 'outputs' ? unfit(request, answer) : undefined
}

const useOf = (c: Commitment): ModelUse => ({ model: c.model, arithmetic: c.arithmetic, root: commitmentRoot(c) })

function readAnswer(bytes: Uint8Array): InferenceAnswer | string {
  try {
    return decodeAnswer(bytes)
  } catch (error) {
    if (isUtnetError(error)) return error.message
    throw error
  }
}

/**
 * Applies a transaction of kind answer. The request is closed whatever comes of the callback, so a contract is told once. The callback runs as the contract
 * itself, on gas that the asking call paid: the sender pays for the transaction and for making the contract ready, and must leave the block room for the callback.
 */
export function applyAnswer(state: WorkingState, block: BlockContext, tx: ChainTx): TxEffect {
  const { payload } = tx.body
  if (payload.kind !== 'answer') throw new UtnetError('core_bad_argument', 'not an answer')
  const no = (message: string): TxEffect => refused(tx, tx.intrinsicGas, message)
  const seat = seatAt(state, payload.contract)
  const key = storeKey(payload.contract, requestKey(payload.request))
  const bytes = state.get('contracts', key)
  if (seat === undefined || bytes === undefined) return no(`the contract has no open request ${payload.request}`)
  const request = decodeRequest(bytes)
  const answer = readAnswer(payload.answer)
  if (typeof answer === 'string') return no(answer)
  const why = objection(request, answer, state.account(tx.address).node !== null, block.height)
  if (why !== undefined) return no(why)
  const ready = state.warm.price(seat.module)
  const before = tx.intrinsicGas + ready
  if (tx.body.gasLimit < before + request.gas)
    return no(`the gas limit must leave ${request.gas} for the callback behind the ${before} of the transaction`)
  state.set('contracts', key, undefined)
  const {
    gas,
    touched = [],
    ...ran
  } = runContract(state, block, tx, {
    seat,
    entry: request.callback,
    args: [payload.request, payload.answer],
    hook: false,
    as: payload.contract,
    ready,
    gasLimit: request.gas,
    models: answer.kind === 'outputs' ? [useOf(answer.commitment)] : [],
  })
  const answered = ['record', nodeRecord(tx.body.sender)] as const
  return { ...effect(tx, { ...ran, gas, touched: [...touched, answered] }), prepaid: gas - before }
}
