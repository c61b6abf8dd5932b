/** What is kept of input, output and log, as the retention says: in the open, sealed under the caller's salt, or not at all. */
import { asArray, asBytes, asText, decode, digest, encode, utf8, UtnetError, type Cbor, type Retention } from '../core/index.ts'
import { seal, unseal } from '../crypto/native.ts'

/** Canonical openings of one run, and the files they name by sha256 (lower-case hex): bodies, tensors. */
export interface Openings {
  readonly input: Uint8Array
  readonly output: Uint8Array
  readonly log: Uint8Array | null
  readonly files: ReadonlyMap<string, Uint8Array>
}

const BOUND = utf8('openings')

/** The key that openings are sealed under: only who holds the salt secret (the caller) has it. */
function sealKey(salt: Uint8Array): Uint8Array {
  return digest('seal', salt)
}

const openingsCbor = (o: Openings): Cbor => [o.input, o.output, o.log, [...o.files].map(([hash, bytes]) => [hash, bytes])]

function readOpenings(value: Cbor | undefined): Openings {
  const [input, output, log, files] = asArray(value, 'openings', 4)
  return {
    input: asBytes(input, 'input opening'),
    output: asBytes(output, 'output opening'),
    log: log === null ? null : asBytes(log, 'log opening'),
    files: new Map(asArray(files, 'files').map((file) => {
      const [hash, bytes] = asArray(file, 'file', 2)
      return [asText(hash, 'file hash'), asBytes(bytes, 'file')]
    })),
  }
}

/** The value that the journal keeps of a run. */
export function keep(retention: Retention, salt: Uint8Array, openings: Openings): Cbor {
  if (retention === 'none') return null
  if (retention === 'sealed') return ['sealed', seal(sealKey(salt), encode(openingsCbor(openings)), BOUND)]
  return ['public', salt, openingsCbor(openings)]
}

/** What can be shown of a kept value: `salt` is the caller's, where it was handed in. */
export function open(kept: Cbor | undefined, salt: Uint8Array | undefined): { readonly salt: Uint8Array; readonly openings: Openings } | undefined {
  if (kept === null) return undefined
  const list = asArray(kept, 'kept openings')
  if (list[0] === 'public') return { salt: asBytes(list[1], 'salt'), openings: readOpenings(list[2]) }
  if (list[0] !== 'sealed') throw new UtnetError('data_corrupt', 'the journal keeps openings in a form that is not known')
  if (salt === undefined) return undefined
  const bytes = unseal(sealKey(salt), asBytes(list[1], 'sealed openings'), BOUND)
  if (bytes === undefined) throw new UtnetError('receipt_withheld', 'the salt does not open this receipt', { hint: 'hand in the salt of the Utnet-Receipt header' })
  return { salt, openings: readOpenings(decode(bytes, 'openings')) }
}
