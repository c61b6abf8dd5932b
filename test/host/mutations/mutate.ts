/** Bytes near a valid module: what a hostile author would try. Seeded; the same on every machine. */

/** A sequence of numbers below 2^32 (xorshift, Marsaglia 2003). */
export function numbers(seed: number): (below: number) => number {
  let x = (seed * 2_654_435_761 + 1) >>> 0 || 1
  return (below) => {
    x ^= x << 13
    x >>>= 0
    x ^= x >>> 17
    x ^= x << 5
    x >>>= 0
    return x % below
  }
}

/** Bytes that mean something: section ids, type codes, prefixes, ends, and what a LEB128 goes wrong with. */
const TELLING = [
  0, 1, 2, 3, 4, 5, 6, 0x0b, 0x0d, 0x40, 0x60, 0x63, 0x64, 0x67, 0x69, 0x6f, 0x70, 0x7b, 0x7f, 0x80, 0xfb, 0xfc, 0xfd, 0xfe, 0xff,
]

interface Section {
  readonly from: number
  readonly to: number
}

/** Whole sections, id and size included; what cannot be read ends the list. */
function sections(bytes: Uint8Array): Section[] {
  const out: Section[] = []
  for (let at = 8; at < bytes.length;) {
    const from = at++
    let size = 0
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++]
      if (byte === undefined || shift > 28) return out
      size += (byte & 127) * 2 ** shift
      if (byte < 128) break
    }
    if (at + size > bytes.length) return out
    out.push({ from, to: at + size })
    at += size
  }
  return out
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts))
}

/** One module that is like `bytes` and is not. */
export function mutated(bytes: Uint8Array, below: (n: number) => number): Uint8Array {
  const all = sections(bytes)
  const [a, b] = [all[below(Math.max(1, all.length))], all[below(Math.max(1, all.length))]]
  switch (below(8)) {
    case 0:
      return bytes.slice(0, below(bytes.length))
    case 1: // a section twice, or where it does not belong
      if (a === undefined || b === undefined) break
      return joined([bytes.subarray(0, b.to), bytes.subarray(a.from, a.to), bytes.subarray(b.to)])
    case 2: // a section less
      if (a === undefined) break
      return joined([bytes.subarray(0, a.from), bytes.subarray(a.to)])
    case 3: {
      const at = 8 + below(bytes.length - 8)
      return joined([bytes.subarray(0, at), Uint8Array.of(TELLING[below(TELLING.length)] as number), bytes.subarray(at)])
    }
    case 4: {
      const at = 8 + below(bytes.length - 8)
      return joined([bytes.subarray(0, at), bytes.subarray(at + 1)])
    }
    case 5: // a custom section, as tools and proposals add them
      if (a === undefined) break
      return joined([bytes.subarray(0, a.from), Uint8Array.of(0, 6, 4, 0x6e, 0x61, 0x6d, 0x65, below(256)), bytes.subarray(a.from)])
  }
  const out = bytes.slice()
  for (let n = 1 + below(3); n > 0; n--) {
    const at = 8 + below(bytes.length - 8)
    out[at] = below(3) > 0 ? (TELLING[below(TELLING.length)] as number) : below(256)
  }
  return out
}
