/** Whether an image looks like one line of text, so that it can be read without the detector. */

import { Image } from './image'
import { LINE_IMAGE_ASPECT, LINE_IMAGE_HEIGHT, LINE_IMAGE_HEIGHT_WIDE } from './recipe'

// Two bands of writing at least this high, with an emptier gap of GAP rows between them, are two lines.
const BAND = 6
const GAP = 2

/** Sum of the differences between neighbours of a row: high where there is writing. */
function rowActivity(image: Image, y: i32): u32 {
  const channels = <usize>image.channels
  const row = changetype<usize>(image.data) + <usize>y * <usize>image.width * channels
  const end = row + <usize>(image.width - 1) * channels
  let sum: u32 = 0
  // Red stands for all three channels of a colour image.
  for (let at = row; at < end; at += channels) sum += abs<i32>(<i32>load<u8>(at + channels) - <i32>load<u8>(at))
  return sum
}

/** How many bands of writing there are, parted by empty rows. */
function countBands(image: Image): i32 {
  const height = image.height
  const activity = new StaticArray<u32>(height)
  let most: u32 = 0
  for (let y = 0; y < height; y++) {
    const a = rowActivity(image, y)
    unchecked((activity[y] = a))
    if (a > most) most = a
  }
  const floor = most >>> 4
  let bands = 0
  let run = 0
  let gap = GAP
  for (let y = 0; y < height; y++) {
    if (unchecked(activity[y]) > floor) {
      if (gap >= GAP) run = 0
      gap = 0
      if (++run == BAND) bands++
    } else {
      gap++
    }
  }
  return bands
}

/** True for an image that is to be tried as a single line. */
export function looksLikeLine(image: Image): bool {
  const wide = image.width >= LINE_IMAGE_ASPECT * image.height
  if (image.height > LINE_IMAGE_HEIGHT && !(wide && image.height <= LINE_IMAGE_HEIGHT_WIDE)) return false
  return countBands(image) == 1
}
