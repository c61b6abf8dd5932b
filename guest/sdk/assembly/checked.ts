/** Arithmetic on amounts that reverts where it would wrap around. */

import { revert } from './context'

export function add(a: u64, b: u64): u64 {
  const sum = a + b
  if (sum < a) revert('overflow: ' + a.toString() + ' + ' + b.toString())
  return sum
}

export function sub(a: u64, b: u64): u64 {
  if (b > a) revert('insufficient: ' + a.toString() + ' - ' + b.toString())
  return a - b
}

export function mul(a: u64, b: u64): u64 {
  if (a != 0 && b > u64.MAX_VALUE / a) revert('overflow: ' + a.toString() + ' * ' + b.toString())
  return a * b
}
