/** Weighs evidence against a receipt: runs again what a bundle reveals, or what the referee of a dispute ran. Knows the files and the receipt, no chain. */
import {
  asArray,
  asText,
  decode,
  decodeReceipt,
  equalBytes,
  isSecretHeader,
  isUtnetError,
  readBundleFile,
  receiptId,
  type LeafEvidence,
  type RunBody,
} from '../../core/index.ts'
import { decodeTranscript, type Outcome } from '../../piee/index.ts'
import { verifyBundle, type CheckName, type Reexecution, type ReexecutionInput } from '../../verify/index.ts'
import { exactGuest } from '../models/index.ts'
import { checkTranscript } from '../piee/index.ts'
import { reexecute } from '../replay/index.ts'

/** `unknown` says nothing about the receipt: it cannot be repeated here, or the evidence is not what it should be. */
export interface Examined {
  readonly result: 'wrong' | 'right' | 'unknown'
  readonly why: string
}

/** What it is weighed on: the canonical genesis of the chain, and the component that device `wasm` runs, where it is not the package's. */
export interface Ground {
  readonly genesis: Uint8Array
  readonly component?: Uint8Array
}

const unknown = (why: string): Examined => ({ result: 'unknown', why })

/** What a repeated run is made from, and what it is held against. That the receipt is anchored is the chain's to say, not the bundle's. */
const NEEDED: ReadonlySet<CheckName> = new Set(['container', 'receipt', 'module', 'input', 'output', 'log', 'witness'])

/** True where the opening of a request has a header whose value only its caller knows: the guest saw another one than it would see now. */
function hidesHeaders({ body, input }: ReexecutionInput): boolean {
  if (body.kind !== 'invoke') return false
  const [, , headers] = asArray(decode(input.opening, 'input'), 'input', 4)
  return asArray(headers, 'headers').some((item) => isSecretHeader(asText(asArray(item, 'header', 2)[0], 'header name')))
}

const same = (a: Reexecution, b: Reexecution): boolean => a.status === b.status && a.gas === b.gas && equalBytes(a.output, b.output)

/** A run that differs is repeated once more: a machine that does not agree with itself convicts nobody. */
async function examineBundle(leaf: Uint8Array, bytes: Uint8Array, { genesis, component }: Ground): Promise<Examined> {
  const exact = exactGuest(component)
  const again = (given: ReexecutionInput): Promise<Reexecution> => reexecute(given, exact === undefined ? {} : { exact })
  if (!readBundleFile(bytes).root.receipt.equals(receiptId(leaf))) return unknown('the bundle is of another receipt')
  let input: ReexecutionInput | undefined
  let ran: Reexecution | undefined
  const { checks } = await verifyBundle(bytes, {
    trust: [genesis],
    reexecute: async (given) => {
      input = given
      return (ran = await again(given))
    },
  })
  const broken = checks.find(({ name, ok }) => !ok && NEEDED.has(name))
  if (broken !== undefined) return unknown(`${broken.name}: ${broken.detail}`)
  const { ok, detail } = checks.find(({ name }) => name === 'reexecution') ?? { ok: false, detail: 'it was not run' }
  if (ok) return { result: 'right', why: detail }
  if (input === undefined || ran === undefined) return unknown(detail)
  if (hidesHeaders(input)) return unknown('its request had headers that only its caller knows')
  if (!same(ran, await again(input))) return unknown('this machine does not come to the same result twice')
  return { result: 'wrong', why: `run again, ${detail}` }
}

const loses = ({ losers, reason }: Outcome): boolean =>
  losers.includes('prover') && (reason === 'wrong_output' || reason === 'inconsistent' || reason === 'malformed')

/**
 * A prover loses by what it signed itself. Two ways to lose are left out: silence, since the heights of messages are the referee's word, and the first message,
 * which is held against inputs that the challenger names.
 */
async function examineTranscript(leaf: Uint8Array, body: RunBody, bytes: Uint8Array, { component }: Ground): Promise<Examined> {
  const { claim, messages } = decodeTranscript(bytes)
  const [use] = body.models instanceof Uint8Array ? [] : body.models
  if (!claim.receipt.equals(receiptId(leaf)) || !equalBytes(claim.prover, body.node)) return unknown('the transcript is of another receipt')
  if (use === undefined || !use.model.equals(claim.model) || !equalBytes(use.root, claim.root))
    return unknown('the transcript is of another inference than the receipt names')
  const { valid, checks, outcome } = await checkTranscript(bytes, component === undefined ? {} : { operators: component })
  if (!valid || outcome === undefined) return unknown(checks.find(({ ok }) => !ok)?.detail ?? 'the transcript does not hold')
  const why = `${outcome.losers.join(' and ')} lost the dispute: ${outcome.detail} (${outcome.reason})`
  if (!outcome.losers.includes('prover')) return { result: 'right', why }
  return messages.length > 1 && loses(outcome) ? { result: 'wrong', why } : unknown(`${why}; that alone convicts nobody`)
}

/** Weighs a file against a receipt's body. Never throws for what the file says. */
export async function examine(leaf: Uint8Array, { kind, bytes }: LeafEvidence, ground: Ground): Promise<Examined> {
  try {
    const body = decodeReceipt(leaf)
    if (body.kind === 'call') return unknown('every validator ran this call')
    if (kind === 'bundle') return await examineBundle(leaf, bytes, ground)
    if (kind === 'transcript') return await examineTranscript(leaf, body, bytes, ground)
    return unknown('there is no file to weigh')
  } catch (error) {
    if (isUtnetError(error)) return unknown(error.message)
    throw error
  }
}
