import { DONE } from '../status'
import { shareFrom, shareTo } from '../share'

export const ADD_F32: i32 = 200

/** f32 of equal shape. Operands: a, b, out. Parameters: elements. */
export function addF32(p: usize, part: i32, parts: i32): i32 {
  const a = load<u32>(p)
  const b = load<u32>(p, 4)
  const out = load<u32>(p, 8)
  const n = load<u32>(p, 12)
  const to = shareTo(n, 4, part, parts) << 2
  let at = shareFrom(n, 4, part, parts) << 2
  for (; at + 16 <= to; at += 16) v128.store(out + at, f32x4.add(v128.load(a + at), v128.load(b + at)))
  for (; at < to; at += 4) store<f32>(out + at, load<f32>(a + at) + load<f32>(b + at))
  return DONE
}
