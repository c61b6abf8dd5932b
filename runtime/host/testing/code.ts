/** Modules of much code. */
import { LIMITS } from '../../core/index.ts'

export function leb(value: number): number[] {
  const out: number[] = []
  for (let v = value; ;) {
    const low = v % 128
    v = Math.floor(v / 128)
    if (v === 0) return [...out, low]
    out.push(low | 128)
  }
}

export const section = (id: number, content: Uint8Array): Uint8Array => Buffer.concat([Buffer.from([id, ...leb(content.length)]), content])

/** A long constant that is dropped. */
const FILL = Buffer.from([0x42, ...Array.from({ length: 9 }, () => 0x80), 0x7f, 0x1a])

/** A function without locals, of so many bytes, its size before them. */
function body(size: number): Uint8Array {
  const inner = Buffer.alloc(size - 1, 0x01)
  for (let at = 0; at + FILL.length <= inner.length; at += FILL.length) FILL.copy(inner, at)
  return Buffer.concat([Buffer.from([...leb(size + 1), 0]), inner, Buffer.from([0x0b])])
}

/** A core module whose bodies have so many bytes, in functions as large as can be. */
export function moduleOfCode(bytes: number): Uint8Array {
  const most = LIMITS.moduleFunctionBytes - 1
  const whole = Math.ceil(bytes / most) - 1
  const bodies = [...Array.from({ length: whole }, () => most), bytes - whole * most].map(body)
  const count = Buffer.from(leb(bodies.length))
  return Buffer.concat([
    Buffer.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]),
    section(1, Buffer.from([1, 0x60, 0, 0])),
    section(3, Buffer.concat([count, Buffer.alloc(bodies.length)])),
    section(10, Buffer.concat([count, ...bodies])),
  ])
}
