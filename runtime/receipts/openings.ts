/** What is kept of input, output and log, as the retention says: in the open, sealed under the caller's salt, or not at all. */
import {
  ARRAY,
  asArray,
  asBytes,
  asText,
  decode,
  digest,
  encode,
  equalBytes,
  openingDigest,
  headLength,
  NULL,
  putBytes,
  putHead,
  putRaw,
  putText,
  saltOf,
  sha256,
  toHex,
  utf8,
  UtnetError,
  type Cbor,
  type ReceiptBody,
  type Retention,
  type SaltName,
} from '../core/index.ts'
import { seal, unseal } from '../crypto/native.ts'
import type { Keeping, Kept, KeptHead, RunFile } from './kept.ts'

/** Canonical openings of one run, and the files they name by sha256 (lower-case hex): bodies, tensors. */
export interface Openings {
  readonly input: Uint8Array
  readonly output: Uint8Array
  readonly log: Uint8Array | null
  readonly files: ReadonlyMap<string, Uint8Array>
}

const BOUND = utf8('openings')
/** Input, output, log and the files of one run are each bounded by limits of their own; together they are decoded only from the node's own journal. */
const MAX_KEPT = 0x7fff_ffff

/** The key that openings are sealed under: only who holds the salt secret (the caller) has it. */
function sealKey(salt: Uint8Array): Uint8Array {
  return digest('seal', salt)
}

function readOpenings(value: Cbor | undefined, files: Openings['files']): Openings {
  const [input, output, log] = asArray(value, 'openings', 3)
  return {
    input: asBytes(input, 'input opening'),
    output: asBytes(output, 'output opening'),
    log: log === null ? null : asBytes(log, 'log opening'),
    files,
  }
}

/** Files out of a seal; those in the open lie in the journal's record, which checks them. */
function readFiles(value: Cbor | undefined): Openings['files'] {
  return new Map(
    asArray(value, 'files').map((file) => {
      const [hash, bytes] = asArray(file, 'file', 2)
      const data = asBytes(bytes, 'file')
      if (toHex(sha256(data)) !== hash)
        throw new UtnetError('data_corrupt', `the kept file ${asText(hash, 'file hash')} has other bytes`, {
          hint: 'restore the data folder from a copy',
        })
      return [hash, data]
    }),
  )
}

/** What a run shows of itself: openings, and the files they name. */
export interface RunOpenings {
  readonly input: Uint8Array
  readonly output: Uint8Array
  readonly log: Uint8Array | null
  readonly files: readonly RunFile[]
}

/** In the open: ['public', salt, [input, output, log]], put together where the journal's record is. */
class PublicHead implements KeptHead {
  readonly length: number
  readonly #salt: Uint8Array
  readonly #openings: RunOpenings

  constructor(salt: Uint8Array, openings: RunOpenings) {
    this.#salt = salt
    this.#openings = openings
    this.length = 8 + bytesLength(salt) + openingsLength(openings)
  }

  put(into: Uint8Array, at: number): number {
    return putOpenings(into, putBytes(into, putText(into, putHead(into, at, ARRAY, 3), 'public'), this.#salt), this.#openings)
  }
}

const bytesLength = (bytes: Uint8Array): number => headLength(bytes.length) + bytes.length
const openingsLength = ({ input, output, log }: RunOpenings): number =>
  1 + bytesLength(input) + bytesLength(output) + (log === null ? 1 : bytesLength(log))

function putOpenings(into: Uint8Array, at: number, { input, output, log }: RunOpenings): number {
  const to = putBytes(into, putBytes(into, putHead(into, at, ARRAY, 3), input), output)
  if (log !== null) return putBytes(into, to, log)
  into[to] = NULL
  return to + 1
}

/** Bytes that are there already. */
class WholeHead implements KeptHead {
  readonly length: number
  readonly #bytes: Uint8Array

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.length = bytes.length
  }

  put(into: Uint8Array, at: number): number {
    return putRaw(into, at, this.#bytes)
  }
}

/** What the journal keeps of a run; null for nothing. Sealed openings do not hold the salt; the files of public ones are not copied. */
export function keep(retention: Retention, salt: Uint8Array, openings: RunOpenings): Keeping | null {
  if (retention === 'none') return null
  if (retention === 'public') return { head: new PublicHead(salt, openings), files: openings.files }
  const files = openings.files.map(([hash, bytes]) => [toHex(hash), bytes])
  const bytes = encode([[openings.input, openings.output, openings.log], files])
  return { head: new WholeHead(encode(['sealed', seal(sealKey(salt), bytes, BOUND)])), files: [] }
}

export interface Opened {
  readonly salt: Uint8Array
  readonly openings: Openings
}

/**
 * What can be shown of what was kept: `salt` is the caller's, where it was handed in. Throws `receipt_withheld` when it is another, and `data_corrupt`
 * when what was kept is not what the receipt's body was made of.
 */
export function open(kept: Kept | null, salt: Uint8Array | undefined, body: ReceiptBody): Opened | undefined {
  const opened = kept === null ? undefined : unkeep(kept, salt)
  if (opened === undefined) return undefined
  const { input, output, log } = opened.openings
  const is = (name: SaltName, bytes: Uint8Array | null, digest: Uint8Array | null): boolean =>
    bytes === null || digest === null ? bytes === digest : equalBytes(openingDigest(name, saltOf(opened.salt, name), bytes), digest)
  if (!is('input', input, body.input) || !is('output', output, body.output) || !is('log', log, body.log)) {
    throw new UtnetError('data_corrupt', 'the kept openings are not those of the receipt', { hint: 'restore the data folder from a copy' })
  }
  return opened
}

function unkeep({ head, files }: Kept, salt: Uint8Array | undefined): Opened | undefined {
  const list = asArray(decode(head, 'kept openings', MAX_KEPT), 'kept openings')
  if (list[0] === 'public') return { salt: asBytes(list[1], 'salt'), openings: readOpenings(list[2], files) }
  if (list[0] !== 'sealed') throw new UtnetError('data_corrupt', 'the journal keeps openings in a form that is not known')
  if (salt === undefined) return undefined
  const bytes = unseal(sealKey(salt), asBytes(list[1], 'sealed openings'), BOUND)
  if (bytes === undefined)
    throw new UtnetError('receipt_withheld', 'the salt does not open this receipt', {
      hint: 'hand in the salt of the Utnet-Receipt header',
    })
  const [openings, sealedFiles] = asArray(decode(bytes, 'openings', MAX_KEPT), 'sealed openings', 2)
  return { salt, openings: readOpenings(openings, readFiles(sealedFiles)) }
}
