/**
 * Bytes from the beginning to item `index` of a box: `rank` sides at `sides`, as many strides in bytes at `strides`, both i32 words; the last side moves fastest.
 * A stride of 0 repeats, one below zero goes backwards.
 */
// @ts-ignore: decorator
@inline
export function placeOf(index: u32, rank: u32, sides: usize, strides: usize): i32 {
  let rest = index
  let place: i32 = 0
  for (let d = <i32>rank - 1; d >= 0; d--) {
    const side = load<u32>(sides + (<usize>d << 2))
    const next = rest / side
    place += <i32>(rest - next * side) * load<i32>(strides + (<usize>d << 2))
    rest = next
  }
  return place
}

/** Product of `rank` sides. */
// @ts-ignore: decorator
@inline
export function itemsOf(rank: i32, sides: usize): u32 {
  let n: u32 = 1
  for (let d = 0; d < rank; d++) n *= load<u32>(sides + (<usize>d << 2))
  return n
}
