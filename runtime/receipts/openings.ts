/** What is kept of input, output and log, as the retention says: in the open, sealed under the caller's salt, or not at all. */
import {
  asArray,
  asBytes,
  asText,
  decode,
  digest,
  encode,
  equalBytes,
  openingDigest,
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
import type { Kept } from './record.ts'

/** Canonical openings of one run, and the files they name by sha256 (lower-case hex): bodies, tensors. */
export interface Openings {
  readonly input: Uint8Array
  readonly output: Uint8Array
  readonly log: Uint8Array | null
  readonly files: ReadonlyMap<string, Uint8Array>
}

const NO_FILES: ReadonlyMap<string, Uint8Array> = new Map()
const BOUND = utf8('openings')
/** Input, output, log and the files of one run are each bounded by limits of their own; together they are decoded only from the node's own journal. */
const MAX_KEPT = 0x7fff_ffff

/** The key that openings are sealed under: only who holds the salt secret (the caller) has it. */
function sealKey(salt: Uint8Array): Uint8Array {
  return digest('seal', salt)
}

const openingsCbor = (o: Openings): Cbor => [o.input, o.output, o.log]
const filesCbor = (files: Openings['files']): Cbor => [...files].map(([hash, bytes]) => [hash, bytes])

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

/** What the journal keeps of a run; null for nothing. Sealed openings do not hold the salt; the files of public ones are not copied. */
export function keep(retention: Retention, salt: Uint8Array, openings: Openings): Kept | null {
  if (retention === 'none') return null
  if (retention === 'public') return { head: encode(['public', salt, openingsCbor(openings)]), files: openings.files }
  const bytes = encode([openingsCbor(openings), filesCbor(openings.files)])
  return { head: encode(['sealed', seal(sealKey(salt), bytes, BOUND)]), files: NO_FILES }
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
