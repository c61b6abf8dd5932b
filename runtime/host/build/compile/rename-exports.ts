/** Renames exports of a core module in its binary: AssemblyScript cannot write `export { f as "a:b/c#d" }`. */

import { UtnetError } from '../../../core/errors.ts'

const EXPORT_SECTION = 7

class Cursor {
  readonly bytes: Uint8Array
  at: number

  constructor(bytes: Uint8Array, at = 0) {
    this.bytes = bytes
    this.at = at
  }

  /** LEB128, at most 32 bits. */
  u32(): number {
    let value = 0
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.bytes[this.at++]
      if (byte === undefined) break
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return value
    }
    throw new UtnetError('guest_build', `the core module is malformed at byte ${this.at}`)
  }

  take(length: number): Uint8Array {
    if (this.at + length > this.bytes.length)
      throw new UtnetError('guest_build', `the core module ends at byte ${this.bytes.length}, too early`)
    this.at += length
    return this.bytes.subarray(this.at - length, this.at)
  }
}

function leb(value: number): number[] {
  const out: number[] = []
  do {
    const low = value & 0x7f
    value >>>= 7
    out.push(value === 0 ? low : low | 0x80)
  } while (value !== 0)
  return out
}

function renamed(section: Uint8Array, renames: ReadonlyMap<string, string>): Uint8Array {
  const cursor = new Cursor(section)
  const count = cursor.u32()
  const parts: Uint8Array[] = [Uint8Array.from(leb(count))]
  for (let i = 0; i < count; i++) {
    const name = new TextDecoder('utf-8', { fatal: true }).decode(cursor.take(cursor.u32()))
    const kindAt = cursor.at
    cursor.at++
    cursor.u32()
    const bytes = new TextEncoder().encode(renames.get(name) ?? name)
    parts.push(Uint8Array.from(leb(bytes.length)), bytes, section.subarray(kindAt, cursor.at))
  }
  return Buffer.concat(parts)
}

/** A copy of the module in which each export that is a key of `renames` has the new name. */
export function renameExports(module: Uint8Array, renames: ReadonlyMap<string, string>): Uint8Array {
  const cursor = new Cursor(module, 8)
  const parts: Uint8Array[] = [module.subarray(0, 8)]
  while (cursor.at < module.length) {
    const start = cursor.at
    const [id] = cursor.take(1)
    const body = cursor.take(cursor.u32())
    if (id !== EXPORT_SECTION) {
      parts.push(module.subarray(start, cursor.at))
      continue
    }
    const content = renamed(body, renames)
    parts.push(Uint8Array.from([EXPORT_SECTION, ...leb(content.length)]), content)
  }
  return Uint8Array.from(Buffer.concat(parts))
}
