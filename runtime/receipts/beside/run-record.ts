/**
 * A finished run as bytes, from the thread that ran it to the one that seals it. Openings are canonical but for the digests of bodies, which stand last
 * in them and are made by who seals; a receipt that the first thread has sealed stands behind its run. Nothing of this is kept or leaves the process:
 * both threads run the same code.
 */
import {
  asArray,
  asCid,
  asText,
  asUint,
  decode,
  encode,
  isSecretHeader,
  modelsBytes,
  modelsOf,
  putRaw,
  putRequestOpening,
  putResponseOpening,
  requestOpening,
  requestOpeningBound,
  responseOpening,
  responseOpeningBound,
  sha256,
  withoutSecrets,
  type HttpHead,
  type ModelUse,
  type ReceiptForm,
  type Retention,
  type RunStatus,
  type TextHead,
} from '../../core/index.ts'
import type { Draft, Early } from '../draft.ts'
import type { RunFile } from '../kept.ts'

/** A request as a function was asked it; values of headers are latin-1. */
export interface HandedRequest extends TextHead {
  readonly body: Uint8Array
}

export interface HandedResponse extends HttpHead {
  readonly status: number
  readonly body: Uint8Array
}

/** What a record of a run is written from. */
export interface EndedRun {
  /** Of its answer, where that waits for the disk. */
  readonly place: number
  readonly form: number
  /** Bytes of its body where the thread that ran it seals it, else 0. */
  readonly bodyLength: number
  readonly thread: number
  readonly seq: number
  readonly gas: bigint
  readonly height: number
  readonly time: number
  /** 16 bytes. */
  readonly salt: Uint8Array
  readonly chainSeed: Uint8Array
  /** Where the run has asked for its seed, with the opening that it was made from. */
  readonly early: (Early & { readonly opening: Uint8Array }) | undefined
  readonly models: readonly ModelUse[] | Uint8Array
  readonly request: HandedRequest
  readonly response: HandedResponse
  readonly secretSalt: () => Uint8Array
  readonly log: Uint8Array | null
  /** Bytes that the log names. */
  readonly files: readonly RunFile[]
}

/** What a record of a run is read as. */
export interface HandedRun extends Pick<EndedRun, 'place' | 'thread' | 'seq' | 'gas' | 'height' | 'time' | 'salt'> {
  readonly chainSeed: Uint8Array
  readonly early: Early | undefined
  readonly models: readonly ModelUse[] | Uint8Array
  readonly input: Uint8Array
  readonly output: Uint8Array
  readonly log: Uint8Array | null
  readonly files: readonly RunFile[]
  /** Where it is sealed: nobody waits for it. */
  readonly sealed: Sealed | undefined
}

/** What the sealer has made of a draft. */
export type Sealed = Pick<Draft, 'sealed' | 'bodyAt' | 'digestAt' | 'leafAt'>

/** Memory that records stand in, each at a multiple of 8 bytes. */
export class Room {
  readonly bytes: Uint8Array
  readonly words: Int32Array
  readonly numbers: Float64Array
  readonly longs: BigUint64Array

  constructor(memory: SharedArrayBuffer) {
    this.bytes = new Uint8Array(memory)
    this.words = new Int32Array(memory)
    this.numbers = new Float64Array(memory)
    this.longs = new BigUint64Array(memory)
  }
}

// Words of a record; gas, seq, time and height are double words.
const LENGTH = 0
/** The place of a run's answer, or below zero what else the record is. */
const PLACE = 1
const FORM = 2
const FLAGS = 3
const THREAD = 4
const INPUT = 5
const OUTPUT = 6
const LOG = 7
const MODELS = 8
const FILES = 9
const GAS = 5
const SEQ = 6
const TIME = 7
const HEIGHT = 8
const SALT_AT = 72
const SEED_AT = SALT_AT + 16
const EARLY_AT = SEED_AT + 32
/** How far behind its beginning a record has what the sealer made: 0 where it is not sealed. */
const SEALED = (EARLY_AT + 64) >> 2
const HEAD_BYTES = EARLY_AT + 64 + 8
/** Digest and leaf of a receipt; behind them stands its body. */
const HASHES_BYTES = 64

/** What a record is, where it is not of a run. */
export const FORM_RECORD = -1
/** The next message on the port is memory with a record at its beginning. */
export const APART_RECORD = -2
/** The next record stands at the beginning of the ring. */
export const SKIP_RECORD = -3
const BARE_BYTES = 8

const LOGGED = 2
const ASKED = 4
/** The body is among the last files, and its digest is still to be made. */
const REQUEST_BODY = 8
const RESPONSE_BODY = 16

// Of a file: its length, eight bytes further its hash, then its bytes.
const FILE_HASH = 8
const FILE_HEAD = FILE_HASH + 32

const align = (n: number): number => (n + 7) & ~7
const NO_BODY = sha256(new Uint8Array(0))
const NOT_MADE = new Uint8Array(32)

/** Bytes that the record of a run takes at most. */
export function runBound({ request, response, early, models, log, files, bodyLength }: EndedRun): number {
  let bound = HEAD_BYTES + responseOpeningBound(response.headers) + (log?.length ?? 0) + 16 + HASHES_BYTES + bodyLength + 8
  bound += early === undefined ? requestOpeningBound(request) : early.opening.length
  if (models instanceof Uint8Array || models.length > 0) bound += modelsBytes(models).length
  bound += 2 * (FILE_HEAD + 8) + request.body.length + response.body.length
  for (const [, bytes] of files) bound += FILE_HEAD + 8 + bytes.length
  return bound
}

const hasSecret = (headers: readonly (readonly [string, unknown])[]): boolean => {
  for (let i = 0; i < headers.length; i++) if (isSecretHeader((headers[i] as readonly [string, unknown])[0])) return true
  return false
}

/** The opening of a request, with its body's digest. */
export function inputOpening(
  { method, path, headers, body }: HandedRequest,
  secretSalt: () => Uint8Array,
  bodySha256?: Uint8Array,
): Uint8Array {
  const values = headers.map(([name, value]) => [name, Buffer.from(value, 'latin1')] as const)
  return requestOpening(method, path, withoutSecrets(values, secretSalt), bodySha256 ?? (body.length === 0 ? NO_BODY : sha256(body)))
}

function putInput(bytes: Uint8Array, at: number, { request, early, secretSalt }: EndedRun): number {
  if (early !== undefined) return putRaw(bytes, at, early.opening)
  if (hasSecret(request.headers)) return putRaw(bytes, at, inputOpening(request, secretSalt, NOT_MADE))
  return putRequestOpening(bytes, at, request)
}

function putOutput(bytes: Uint8Array, at: number, { response, secretSalt }: EndedRun): number {
  const { status, headers } = response
  if (hasSecret(headers)) return putRaw(bytes, at, responseOpening(status, withoutSecrets(headers, secretSalt), NOT_MADE))
  return putResponseOpening(bytes, at, status, headers)
}

function putFile({ bytes, words }: Room, at: number, hash: Uint8Array, file: Uint8Array): number {
  words[at >> 2] = file.length
  bytes.set(hash, at + FILE_HASH)
  return align(putRaw(bytes, at + FILE_HEAD, file))
}

/** Writes the record of a run; gives the position behind. */
export function putRun(room: Room, at: number, run: EndedRun): number {
  const { bytes, words, numbers, longs } = room
  const { early, request, response, log, models, files } = run
  const w = at >> 2
  const d = at >> 3
  let flags = (log === null ? 0 : LOGGED) | (early === undefined ? 0 : ASKED)
  longs[d + GAS] = run.gas
  numbers[d + SEQ] = run.seq
  numbers[d + TIME] = run.time
  numbers[d + HEIGHT] = run.height
  putRaw(bytes, at + SALT_AT, run.salt)
  bytes.set(run.chainSeed, at + SEED_AT)
  if (early !== undefined) {
    bytes.set(early.input, at + EARLY_AT)
    bytes.set(early.seed, at + EARLY_AT + 32)
  }
  const input = at + HEAD_BYTES
  const output = putInput(bytes, input, run)
  let to = putOutput(bytes, output, run)
  words[w + INPUT] = output - input
  words[w + OUTPUT] = to - output
  words[w + LOG] = log?.length ?? 0
  if (log !== null) to = putRaw(bytes, to, log)
  const plain = !(models instanceof Uint8Array) && models.length === 0
  const uses = plain ? undefined : modelsBytes(models)
  words[w + MODELS] = uses?.length ?? 0
  if (uses !== undefined) to = putRaw(bytes, to, uses)
  let count = files.length
  const outputEnd = output + (words[w + OUTPUT] as number)
  to = align(to)
  for (const [hash, file] of files) to = putFile(room, to, hash, file)
  if (request.body.length === 0) bytes.set(NO_BODY, output - 32)
  else {
    to = putFile(room, to, NOT_MADE, request.body)
    count++
    flags |= REQUEST_BODY
  }
  if (response.body.length === 0) bytes.set(NO_BODY, outputEnd - 32)
  else {
    to = putFile(room, to, NOT_MADE, response.body)
    count++
    flags |= RESPONSE_BODY
  }
  const sealing = run.bodyLength > 0
  words[w + SEALED] = sealing ? to - at : 0
  if (sealing) to = align(to + HASHES_BYTES + run.bodyLength)
  words[w + FILES] = count
  words[w + THREAD] = run.thread
  words[w + FLAGS] = flags
  words[w + FORM] = run.form
  words[w + PLACE] = run.place
  words[w + LENGTH] = to - at
  return to
}

/** The openings of the record of a run: the memory itself. */
export function openingsAt({ bytes, words }: Room, at: number): Pick<HandedRun, 'input' | 'output' | 'log'> {
  const w = at >> 2
  const output = at + HEAD_BYTES + (words[w + INPUT] as number)
  const log = output + (words[w + OUTPUT] as number)
  return {
    input: bytes.subarray(at + HEAD_BYTES, output),
    output: bytes.subarray(output, log),
    log: ((words[w + FLAGS] as number) & LOGGED) === 0 ? null : bytes.subarray(log, log + (words[w + LOG] as number)),
  }
}

/** Where the first file of a run stands. */
function filesAt({ words }: Room, at: number): number {
  const w = at >> 2
  const parts = (words[w + INPUT] as number) + (words[w + OUTPUT] as number) + (words[w + LOG] as number) + (words[w + MODELS] as number)
  return align(at + HEAD_BYTES + parts)
}

/** A body whose digest is still to be made. */
export interface Undigested {
  readonly bytes: Uint8Array
  readonly from: number
  readonly to: number
  /** Where the digest goes: in its opening, and before the file. */
  readonly outs: readonly [number, number]
}

/** Adds the bodies of a run that lack their digests, which are taken as made from now on. */
export function takeUndigested(room: Room, at: number, into: Undigested[]): void {
  const { bytes, words } = room
  const w = at >> 2
  const flags = words[w + FLAGS] as number
  const bodies = flags & (REQUEST_BODY | RESPONSE_BODY)
  if (bodies === 0) return
  words[w + FLAGS] = flags & ~bodies
  let from = filesAt(room, at)
  // They are the last files.
  const skipped = (words[w + FILES] as number) - (bodies === (REQUEST_BODY | RESPONSE_BODY) ? 2 : 1)
  for (let i = 0; i < skipped; i++) from = behindFile(room, from)
  const output = at + HEAD_BYTES + (words[w + INPUT] as number)
  for (let left = bodies; left !== 0; from = behindFile(room, from)) {
    const flag = left & REQUEST_BODY || RESPONSE_BODY
    left &= ~flag
    const end = flag === REQUEST_BODY ? output : output + (words[w + OUTPUT] as number)
    const begin = from + FILE_HEAD
    into.push({ bytes, from: begin, to: begin + (words[from >> 2] as number), outs: [end - 32, from + FILE_HASH] })
  }
}

const behindFile = ({ words }: Room, at: number): number => align(at + FILE_HEAD + (words[at >> 2] as number))

/** Puts what the sealer has made into the record of its run. */
export function putSealed({ bytes, words }: Room, at: number, { sealed, bodyAt, digestAt, leafAt, length }: Draft): void {
  const made = sealed as Uint8Array
  const to = at + (words[(at >> 2) + SEALED] as number)
  bytes.set(made.subarray(digestAt, digestAt + 32), to)
  bytes.set(made.subarray(leafAt, leafAt + 32), to + 32)
  bytes.set(made.subarray(bodyAt, bodyAt + length), to + HASHES_BYTES)
}

function sealedAt({ bytes, words }: Room, at: number): Sealed | undefined {
  const offset = words[(at >> 2) + SEALED] as number
  if (offset === 0) return undefined
  const digestAt = at + offset
  return { sealed: bytes, digestAt, leafAt: digestAt + 32, bodyAt: digestAt + HASHES_BYTES }
}

/** A record that says only what it is. */
export function putBare({ words }: Room, at: number, what: number): number {
  words[at >> 2] = BARE_BYTES
  words[(at >> 2) + PLACE] = what
  return at + BARE_BYTES
}

/** Says what a number stands for from now on. */
export function putForm({ bytes, words }: Room, at: number, number: number, form: Omit<ReceiptForm, 'node'>): number {
  const { kind, module, world, entry, status, protocol, chainId, retention } = form
  const text = encode([kind, module, world, entry, status, protocol, chainId, retention])
  const end = align(putRaw(bytes, at + 16, text))
  words[at >> 2] = end - at
  words[(at >> 2) + PLACE] = FORM_RECORD
  words[(at >> 2) + FORM] = number
  words[(at >> 2) + FLAGS] = text.length
  return end
}

/** Bytes that the record of a form takes at most: what is longer makes no receipt. */
export const FORM_BYTES = 2_048

export const lengthAt = ({ words }: Room, at: number): number => words[at >> 2] as number
/** The number of a run's form. */
export const formAt = ({ words }: Room, at: number): number => words[(at >> 2) + FORM] as number
/** The place of a run, or what else a record is. */
export const whatAt = ({ words }: Room, at: number): number => words[(at >> 2) + PLACE] as number

export function readForm({ bytes, words }: Room, at: number): { readonly number: number; readonly form: Omit<ReceiptForm, 'node'> } {
  const length = words[(at >> 2) + FLAGS] as number
  const [kind, module, world, entry, status, protocol, chainId, retention] = asArray(
    decode(bytes.slice(at + 16, at + 16 + length), 'form', FORM_BYTES),
    'form',
    8,
  )
  return {
    number: words[(at >> 2) + FORM] as number,
    form: {
      // The other thread wrote them.
      kind: asText(kind, 'kind') as ReceiptForm['kind'],
      module: asCid(module, 'module'),
      world: asText(world, 'world'),
      entry: asText(entry, 'entry'),
      status: asText(status, 'status') as RunStatus,
      protocol: asUint(protocol, 'protocol'),
      chainId: asCid(chainId, 'chain id'),
      retention: asText(retention, 'retention') as Retention,
    },
  }
}

const NO_FILES: readonly RunFile[] = []
const NO_MODELS: readonly ModelUse[] = []

/** The run of a record whose bodies have their digests: its openings and files are the memory itself. `seedOf` gives one array for equal seeds. */
export function readRun(room: Room, at: number, seedOf: (bytes: Uint8Array, at: number) => Uint8Array): HandedRun {
  const { bytes, words, numbers, longs } = room
  const w = at >> 2
  const d = at >> 3
  const flags = words[w + FLAGS] as number
  const modelsAt = at + HEAD_BYTES + (words[w + INPUT] as number) + (words[w + OUTPUT] as number) + (words[w + LOG] as number)
  const modelsEnd = modelsAt + (words[w + MODELS] as number)
  const count = words[w + FILES] as number
  const files: RunFile[] | undefined = count === 0 ? undefined : []
  for (let i = 0, from = align(modelsEnd); i < count; i++, from = behindFile(room, from)) {
    const begin = from + FILE_HEAD
    files?.push([bytes.slice(from + FILE_HASH, begin), bytes.subarray(begin, begin + (words[from >> 2] as number))])
  }
  const { input, output, log } = openingsAt(room, at)
  return {
    place: words[w + PLACE] as number,
    thread: words[w + THREAD] as number,
    seq: numbers[d + SEQ] as number,
    gas: longs[d + GAS] as bigint,
    height: numbers[d + HEIGHT] as number,
    time: numbers[d + TIME] as number,
    salt: bytes.slice(at + SALT_AT, at + SALT_AT + 16),
    chainSeed: seedOf(bytes, at + SEED_AT),
    early:
      (flags & ASKED) === 0
        ? undefined
        : { input: bytes.slice(at + EARLY_AT, at + EARLY_AT + 32), seed: bytes.slice(at + EARLY_AT + 32, at + EARLY_AT + 64) },
    models: modelsAt === modelsEnd ? NO_MODELS : modelsOf(bytes.slice(modelsAt, modelsEnd)),
    input,
    output,
    log,
    files: files ?? NO_FILES,
    sealed: sealedAt(room, at),
  }
}
