/** A receipt as a JSON file, without a bundle: its id, the node's signature and, when header and certificate are at hand, its anchor. */
import {
  anAnchor,
  asArray,
  encodeReceipt,
  fromBase64,
  fromHex,
  parseCid,
  parseKey,
  decodeReceipt,
  receiptView,
  RUN_STATUSES,
  type Anchor,
  type Attestation,
  type Cbor,
  type ReceiptBody,
  type RunBody,
} from '../core/index.ts'
import { Checks, fail, must, needs, type Verification } from './checks.ts'
import { followEpochs, readSteps } from './epochs.ts'
import { mustBeFinal, readHeader } from './final-header.ts'
import { checkAnchor, checkAttestation, checkReceipt } from './run.ts'
import { same } from './same-json.ts'
import { findRoot, type TrustOptions } from './trust.ts'

/** What is at hand beside the file. */
export interface ReceiptViewOptions extends TrustOptions {
  /** Canonical bytes of the anchor's header and certificate; without them the anchor cannot be checked. */
  readonly header?: Uint8Array
  readonly certificate?: Uint8Array
  /** Hash of the trusted block that `epochs` begins at; the genesis without it. */
  readonly from?: Uint8Array
  /** Steps from there to the set that certifies the header: canonical bytes as `encodeStep` of the light client gives them. */
  readonly epochs?: readonly Uint8Array[]
}

type Json = Readonly<Record<string, unknown>>

function object(value: unknown, what: string): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return fail(`${what} is not an object`)
  return value as Json
}

function text(from: Json, key: string): string {
  const value = from[key]
  return typeof value === 'string' ? value : fail(`${key} is not text`)
}

function uint(from: Json, key: string): number {
  const value = from[key]
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : fail(`${key} is not an unsigned integer`)
}

const hex = (from: Json, key: string): Uint8Array => fromHex(text(from, key), key)
const hexes = (from: Json, key: string): Uint8Array[] => asArray(from[key] as Cbor, key).map((h) => fromHex(h as string, key))

function modelsOf(value: unknown): RunBody['models'] {
  if (typeof value === 'string') return fromHex(value, 'models')
  return asArray(value as Cbor, 'models').map((item) => {
    const use = object(item, 'model use')
    return { model: parseCid(text(use, 'model'), 'model'), arithmetic: text(use, 'arithmetic'), root: hex(use, 'root') }
  })
}

function bodyOf(view: Json): ReceiptBody {
  const status = RUN_STATUSES.find((s) => s === view['status']) ?? fail('status is not known')
  const gas = text(view, 'gas')
  must(/^(0|[1-9][0-9]{0,19})$/.test(gas), 'gas is not a decimal number')
  const context = object(view['context'], 'context')
  const base = {
    v: 1 as const,
    module: parseCid(text(view, 'module'), 'module'),
    world: text(view, 'world'),
    entry: text(view, 'entry'),
    input: hex(view, 'input'),
    output: hex(view, 'output'),
    status,
    gas: BigInt(gas),
    protocol: uint(view, 'protocol'),
    log: view['log'] === null ? null : hex(view, 'log'),
    context: {
      chainId: parseCid(text(context, 'chainId'), 'chainId'),
      height: uint(context, 'height'),
      time: uint(context, 'time'),
      seed: hex(context, 'seed'),
    },
  }
  const models = modelsOf(view['models'])
  const kind = text(view, 'kind')
  if (kind === 'call') {
    if (models instanceof Uint8Array) return fail('a call lists its models')
    return { ...base, kind, node: null, models, tx: parseCid(text(view, 'tx'), 'tx'), events: hex(view, 'events') }
  }
  if (kind !== 'invoke' && kind !== 'infer') return fail(`kind ${kind} is not known`)
  const retention = text(view, 'retention')
  if (retention !== 'public' && retention !== 'sealed' && retention !== 'none') return fail(`retention ${retention} is not known`)
  return {
    ...base,
    kind,
    models,
    node: parseKey(text(view, 'node'), 'node'),
    thread: uint(view, 'thread'),
    seq: uint(view, 'seq'),
    retention,
  }
}

function attestationOf(value: unknown, body: ReceiptBody): Attestation | null {
  if (value === null || body.kind === 'call') return null
  const view = object(value, 'attestation')
  const batch = {
    node: body.node,
    thread: uint(view, 'thread'),
    first: uint(view, 'first'),
    size: uint(view, 'size'),
    prev: hex(view, 'prev'),
    root: hex(view, 'root'),
  }
  return { batch, index: uint(view, 'index'), path: hexes(view, 'path'), sig: fromBase64(text(view, 'sig'), 'sig') }
}

function anchorOf(value: unknown): Anchor | null {
  if (value === null) return null
  const view = object(value, 'anchor')
  return anAnchor(uint(view, 'height'), uint(view, 'index'), hexes(view, 'path'))
}

/**
 * Checks the JSON view of a receipt (the value, parsed). Never throws. It says nothing of input, output and module bytes, nor whether the
 * node is registered: only a bundle carries those.
 */
export function verifyReceiptView(json: unknown, options: ReceiptViewOptions): Verification {
  const checks = new Checks()
  const read = checks.run('receipt', () => {
    const view = object(json, 'the receipt')
    const body = bodyOf(object(view['body'], 'body'))
    const bytes = encodeReceipt(body)
    // Reading the bytes back holds every field to the rules of a receipt.
    decodeReceipt(bytes)
    const attestation = attestationOf(view['attestation'], body)
    const anchor = anchorOf(view['anchor'])
    must(
      same(view, receiptView(body, attestation, anchor)),
      'a field is missing, extra or not in its one form, or the id is not that of the body',
    )
    return [{ body, bytes, attestation, anchor }, checkReceipt(body, body.context.chainId)]
  })
  const receipt = () => needs(read, 'receipt')
  const trusted = checks.run('trust', () => findRoot(receipt().body.context.chainId, options.from ?? null, options))
  const reach = checks.run('epochs', () => followEpochs(needs(trusted, 'trust'), readSteps(options.epochs ?? []), options))
  checks.run('attestation', () => checkAttestation(receipt().body, receipt().bytes, receipt().attestation))
  const header = checks.run('header', () => {
    if (options.header === undefined)
      return fail("the anchor's header is not at hand: a receipt alone does not show that it was anchored; take the bundle")
    const found = readHeader(options.header, needs(reach, 'epochs'), 'the anchor block')
    return [found, `block ${found.header.height} of this chain`]
  })
  checks.run('certificate', () => {
    if (options.certificate === undefined) return fail("the certificate of the anchor's header is not at hand: take the bundle")
    return [true, mustBeFinal(needs(header, 'header'), options.certificate, receipt().body.context.chainId)]
  })
  checks.run('anchor', () => {
    const { body, bytes, attestation, anchor } = receipt()
    if (anchor === null) return fail('the receipt is not anchored yet')
    return checkAnchor(body, bytes, attestation, anchor, needs(header, 'header').header)
  })
  return checks.verdict()
}
