/** Writes protobuf messages. Fields stand in the order in which they were put, so equal calls give equal bytes. */

export class Message {
  readonly #parts: Uint8Array[] = []
  #length = 0

  /** Bytes that `bytes()` would give. */
  get length(): number {
    return this.#length
  }

  /** A signed integer of 64 bits. */
  int(field: number, value: number | bigint): this {
    return this.#put(varint(BigInt(field) << 3n)).#put(varint(BigInt.asUintN(64, BigInt(value))))
  }

  float(field: number, value: number): this {
    const bytes = new Uint8Array(4)
    new DataView(bytes.buffer).setFloat32(0, value, true)
    return this.#put(varint((BigInt(field) << 3n) | 5n)).#put(bytes)
  }

  text(field: number, value: string): this {
    return this.data(field, new TextEncoder().encode(value))
  }

  /** Taken as it is, not copied before `bytes()`. */
  data(field: number, value: Uint8Array): this {
    return this.#header(field, value.length).#put(value)
  }

  message(field: number, value: Message): this {
    this.#header(field, value.#length)
    for (const part of value.#parts) this.#put(part)
    return this
  }

  bytes(): Uint8Array {
    const out = new Uint8Array(this.#length)
    let at = 0
    for (const part of this.#parts) {
      out.set(part, at)
      at += part.length
    }
    return out
  }

  #header(field: number, length: number): this {
    return this.#put(varint((BigInt(field) << 3n) | 2n)).#put(varint(BigInt(length)))
  }

  #put(part: Uint8Array): this {
    this.#parts.push(part)
    this.#length += part.length
    return this
  }
}

function varint(value: bigint): Uint8Array {
  const out: number[] = []
  let rest = value
  while (rest > 127n) {
    out.push(Number(rest & 127n) | 128)
    rest >>= 7n
  }
  out.push(Number(rest))
  return Uint8Array.from(out)
}
