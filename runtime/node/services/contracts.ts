/** Calls and queries of contracts, and accounts. */
import {
  encodeCertificate,
  encodeHeader,
  formatAddress,
  limitError,
  LIMITS,
  parseAddress,
  toBase64,
  trieProofCbor,
  encode,
  UtnetError,
  witFromJson,
  witToJson,
  type AccountView,
  type CallRequest,
  type CallResult,
  type Cbor,
  type ErrorExtra,
  type GuestInfo,
  type QueryRequest,
  type QueryResult,
  type RunEnd,
  type RunOutcome,
  type StateProof,
  type WitFunction,
} from '../../core/index.ts'
import type { ProvenValue } from '../../consensus/index.ts'
import { stepTexts } from '../chain/index.ts'
import type { Parts } from '../parts.ts'
import { signedTx } from '../transactions.ts'
import { guestOf } from './guests.ts'
import { endOf, eventViews, runGas, submitAndWait } from './submit.ts'

/** What a dev chain gives an account that asks: 1,000 UNC. */
const FUND = 1_000n * 10n ** 18n

function exportOf(name: string, info: GuestInfo, entry: string): WitFunction {
  const found = info.exports.find((e) => e.name === entry)
  if (found !== undefined) return found
  throw new UtnetError('guest_export_not_found', `${name} has no export ${entry}; it has ${info.exports.map((e) => e.name).join(', ')}`)
}

/** Arguments as canonical values; throws `value_mismatch` naming the place. */
function argumentsOf(fn: WitFunction, args: readonly unknown[]): Cbor[] {
  if (args.length !== fn.params.length) {
    throw new UtnetError(
      'value_mismatch',
      `${fn.name} takes ${fn.params.length} arguments (${fn.params.map((p) => p.name).join(', ')}), got ${args.length}`,
      { details: { path: 'args' } },
    )
  }
  return fn.params.map((p, i) => witFromJson(p.type, args[i], `args[${i}]`))
}

function gasLimitOf(text: string | undefined, most: number): bigint {
  if (text === undefined) return BigInt(LIMITS.callGas)
  if (!/^\d{1,20}$/.test(text)) throw new UtnetError('tx_gas', `gasLimit must be a decimal number up to ${most}, got ${text.slice(0, 40)}`)
  const limit = BigInt(text)
  if (limit > BigInt(most)) throw limitError('tx_gas', 'blockGas', limit, most, 'gasLimit')
  return limit
}

/** A call from the dev account; waits for its block. */
export async function call(parts: Parts, request: CallRequest): Promise<CallResult> {
  const { dev } = parts
  if (dev === null)
    throw new UtnetError('auth_required', 'this node takes signed transactions only', { hint: 'utnet call signs one with your key' })
  const { record, info } = await guestOf(parts, request.name, 'contract', 'utnet invoke runs functions')
  const fn = exportOf(request.name, info, request.export)
  const args = argumentsOf(fn, request.args)
  const to = record.address as Uint8Array
  const wire = signedTx(parts.chain, dev, { kind: 'call', to, export: request.export, args }, gasLimitOf(request.gasLimit, LIMITS.blockGas))
  const began = parts.clock.nowMs()
  const { outcome, height, hash } = await submitAndWait(parts, wire)
  parts.meters.ran('call', outcome.status, outcome.gas, (parts.clock.nowMs() - began) / 1000)
  return {
    result: outcome.status === 'ok' && fn.result !== undefined ? witToJson(fn.result, outcome.result) : null,
    status: outcome.status,
    gas: runGas(parts, outcome).toString(),
    paid: outcome.gas.toString(),
    receipt: outcome.receipt?.toString() ?? '',
    height,
    hash,
    events: eventViews(outcome.events),
    ...(outcome.message === null ? {} : { message: outcome.message }),
    ...(await endOf(parts, wire, outcome, height)),
  }
}

/** Proofs of one height as the views carry them. */
function stateProof(parts: Parts, values: readonly ProvenValue[], height: number): StateProof {
  const { header, certificate } = parts.chain.headerAt(height)
  return {
    height,
    header: toBase64(encodeHeader(header)),
    certificate: certificate === null ? '' : toBase64(encodeCertificate(certificate)),
    epochs: stepTexts(parts.chain, height),
    entries: values.map((v) => ({
      trie: v.trie,
      key: toBase64(v.key),
      value: v.value === null ? null : toBase64(v.value),
      proof: toBase64(encode(trieProofCbor(v.proof))),
    })),
  }
}

/** The limit that ended a run, as a problem names it. */
function brokenLimit({ limit, budgets = {} }: RunOutcome): ErrorExtra {
  const budget = limit && budgets[limit]
  return limit === undefined || budget === undefined ? {} : { limit, used: budget.used, allowed: budget.allowed }
}

function queryFailed(entry: string, outcome: RunOutcome, { at, line }: RunEnd): UtnetError {
  const details = { ...(at === undefined ? {} : { at }), ...(line === undefined ? {} : { line }) }
  const place = line === undefined ? '' : ` at ${line}`
  if (outcome.status === 'out-of-gas')
    return new UtnetError('host_out_of_gas', `${entry} ran out of gas${at === undefined ? '' : ` in ${at}`}${place}`, {
      limit: 'queryGas',
      used: outcome.gas,
      allowed: LIMITS.queryGas,
      details,
    })
  return new UtnetError('guest_trap', `${entry} ended as ${outcome.status}: ${outcome.message ?? 'no message'}${place}`, {
    ...brokenLimit(outcome),
    details,
  })
}

/** A free, read-only run on a final state. */
export async function query(parts: Parts, request: QueryRequest): Promise<QueryResult> {
  const { info } = await guestOf(parts, request.name, 'contract', 'utnet invoke runs functions')
  const fn = exportOf(request.name, info, request.export)
  const args = argumentsOf(fn, request.args)
  const { outcome, height, reads } = await parts.chain.query({
    contract: request.name,
    export: request.export,
    args,
    ...(request.at === undefined ? {} : { at: request.at }),
  })
  if (outcome.status !== 'ok') throw queryFailed(request.export, outcome, await parts.lines(request.name, info.module, outcome))
  const result = { result: fn.result === undefined ? null : witToJson(fn.result, outcome.result), gas: outcome.gas.toString(), height }
  if (request.proof !== true) return result
  return {
    ...result,
    proof: stateProof(
      parts,
      reads.map((key) => parts.chain.prove('contracts', key, height)),
      height,
    ),
  }
}

/** An account at the head. */
export function account(parts: Parts, text: string, proof = false): AccountView {
  const address = parseAddress(text)
  const height = parts.chain.head().header.height
  const { balance } = parts.chain.account(address, height)
  const view = { address: text, balance: balance.toString(), nonce: parts.chain.nextNonce(address) }
  return proof ? { ...view, proof: stateProof(parts, [parts.chain.prove('accounts', address, height)], height) } : view
}

/** Funds an account from the dev account. */
export async function fund(parts: Parts, text: string): Promise<AccountView> {
  if (parts.dev === null) throw new UtnetError('auth_required', 'only a dev chain funds accounts')
  const to = parseAddress(text)
  await submitAndWait(parts, signedTx(parts.chain, parts.dev, { kind: 'transfer', to, value: FUND }))
  return account(parts, formatAddress(to))
}
