/** Boxes around lines of text from the detector's probability map: DB post-processing (Liao et al. 2020) with axis-aligned boxes. */

import { Box } from './normalise'
import { BOXES_MAX, BOX_SCORE_MIN, BOX_SIDE_MIN, DETECT_THRESHOLD, GROWN_SIDE_MIN, UNCLIP_RATIO } from './recipe'

/** Mean of the map inside x0..x1, y0..y1 (inclusive). */
function meanInside(map: usize, width: i32, x0: i32, y0: i32, x1: i32, y1: i32): f64 {
  let sum: f64 = 0
  for (let y = y0; y <= y1; y++) {
    const row = map + ((<usize>(y * width)) << 2)
    for (let x = x0; x <= x1; x++) sum += <f64>load<f32>(row + ((<usize>x) << 2))
  }
  return sum / <f64>((x1 - x0 + 1) * (y1 - y0 + 1))
}

/** The box of one component, grown and scaled to the image; null if it is too small or too unsure. */
function boxOf(map: usize, width: i32, height: i32, x0: i32, y0: i32, x1: i32, y1: i32, imageWidth: i32, imageHeight: i32): Box | null {
  const w = x1 - x0 + 1
  const h = y1 - y0 + 1
  if (min(w, h) < BOX_SIDE_MIN) return null
  if (!(meanInside(map, width, x0, y0, x1, y1) >= BOX_SCORE_MIN)) return null
  const grow = (<f64>(w * h) * UNCLIP_RATIO) / <f64>(2 * (w + h))
  if (<f64>min(w, h) + 2 * grow < <f64>GROWN_SIDE_MIN) return null
  const scaleX = <f64>imageWidth / <f64>width
  const scaleY = <f64>imageHeight / <f64>height
  const left = max<i32>(0, <i32>floor((<f64>x0 - grow) * scaleX + 0.5))
  const top = max<i32>(0, <i32>floor((<f64>y0 - grow) * scaleY + 0.5))
  const right = min(imageWidth, <i32>floor((<f64>(x1 + 1) + grow) * scaleX + 0.5))
  const bottom = min(imageHeight, <i32>floor((<f64>(y1 + 1) + grow) * scaleY + 0.5))
  return right - left < 2 || bottom - top < 2 ? null : new Box(left, top, right - left, bottom - top)
}

/**
 * Boxes in image pixels, in no promised order, of the 8-connected components of a `width` x `height` map (f32, at `map`) of an image
 * of `imageWidth` x `imageHeight`.
 */
export function findBoxes(map: usize, width: i32, height: i32, imageWidth: i32, imageHeight: i32): Array<Box> {
  const boxes = new Array<Box>()
  const size = width * height
  const seen = heap.alloc(size)
  memory.fill(seen, 0, size)
  const stack = heap.alloc((<usize>size) << 2)
  let looked = 0
  for (let start = 0; start < size && looked < BOXES_MAX; start++) {
    if (load<u8>(seen + start) || !(load<f32>(map + ((<usize>start) << 2)) > DETECT_THRESHOLD)) continue
    looked++
    let depth = 1
    store<i32>(stack, start)
    store<u8>(seen + start, 1)
    let x0 = width
    let x1 = 0
    let y0 = height
    let y1 = 0
    while (depth > 0) {
      depth--
      const at = load<i32>(stack + ((<usize>depth) << 2))
      const x = at % width
      const y = at / width
      x0 = min(x0, x)
      x1 = max(x1, x)
      y0 = min(y0, y)
      y1 = max(y1, y)
      for (let ny = max(0, y - 1); ny <= min(height - 1, y + 1); ny++) {
        for (let nx = max(0, x - 1); nx <= min(width - 1, x + 1); nx++) {
          const to = ny * width + nx
          // Marked when pushed, so each pixel is on the stack at most once and the stack cannot overflow.
          if (load<u8>(seen + to) || !(load<f32>(map + ((<usize>to) << 2)) > DETECT_THRESHOLD)) continue
          store<u8>(seen + to, 1)
          store<i32>(stack + ((<usize>depth) << 2), to)
          depth++
        }
      }
    }
    const box = boxOf(map, width, height, x0, y0, x1, y1, imageWidth, imageHeight)
    if (box) boxes.push(box)
  }
  heap.free(stack)
  heap.free(seen)
  return boxes
}

/** Whether two boxes stand in one row: more than half of the lower one's height is shared. */
function sameRow(a: Box, b: Box): bool {
  const shared = min(a.y + a.height, b.y + b.height) - max(a.y, b.y)
  return shared * 2 > min(a.height, b.height)
}

/** Stable insertion sort: there are few boxes, and the order must not depend on a library. */
function sortBy(boxes: Array<Box>, from: i32, to: i32, byX: bool): void {
  for (let i = from + 1; i < to; i++) {
    const box = boxes[i]
    let j = i - 1
    while (j >= from && (byX ? boxes[j].x > box.x : boxes[j].y > box.y)) {
      boxes[j + 1] = boxes[j]
      j--
    }
    boxes[j + 1] = box
  }
}

/**
 * Puts boxes into reading order, rows top to bottom and each row left to right, and gives for each the number of its row.
 */
export function orderBoxes(boxes: Array<Box>): Array<i32> {
  const rows = new Array<i32>()
  sortBy(boxes, 0, boxes.length, false)
  let from = 0
  let row = 0
  while (from < boxes.length) {
    let to = from + 1
    while (to < boxes.length && sameRow(boxes[from], boxes[to])) to++
    sortBy(boxes, from, to, true)
    for (; from < to; from++) rows.push(row)
    row++
  }
  return rows
}
