/** The JSON view of self-describing dag-cbor, as events carry it: bytes as base64, CIDs as text, integers over 2^53-1 as decimal strings. */
import { toBase64 } from './bytes.ts'
import { CID } from './cid.ts'
import { decode, type Cbor } from './codec.ts'

function view(value: Cbor): unknown {
  if (typeof value === 'bigint') return value.toString()
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Uint8Array) return toBase64(value)
  if (Array.isArray(value)) return value.map(view)
  const cid = CID.asCID(value)
  if (cid !== null) return cid.toString()
  return Object.fromEntries(Object.entries(value as Record<string, Cbor>).map(([key, item]) => [key, view(item)]))
}

/** The JSON view of canonical dag-cbor bytes. */
export function formatCborJson(bytes: Uint8Array): unknown {
  return view(decode(bytes))
}
