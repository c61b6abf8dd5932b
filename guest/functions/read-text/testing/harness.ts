/** Entry of the test build: the parts of the function one by one. AssemblyScript. */

import { quote } from '@utnet/sdk/json'
import { Image } from '../assembly/image'
import { INFLATE_SLACK, inflateZlib } from '../assembly/inflate'
import { decimal } from '../assembly/decimal'
import { looksLikeLine } from '../assembly/layout'
import { Box, lineScale, toPlanes } from '../assembly/normalise'
import { decodePng, problem } from '../assembly/png'
import { findBoxes, orderBoxes } from '../assembly/boxes'
import { argmax, decodeCtc } from '../assembly/ctc'
import { readText } from '../assembly/read'

export { cabi_realloc } from '@utnet/sdk/raw/abi'

let image: Image = new Image(1, 1, 1)

export function allocate(size: usize): usize {
  return heap.alloc(size)
}

export function release(at: usize): void {
  heap.free(at)
}

/** The guest's memory is swept between calls. */
export function collect(): void {
  __collect()
}

export function inflate(start: usize, length: usize, out: usize, outLength: usize): i32 {
  return inflateZlib(start, length, out, outLength)
}

export function slack(): usize {
  return INFLATE_SLACK
}

export function decode(start: usize, size: i32): string {
  const decoded = decodePng(start, size)
  if (decoded) image = decoded
  return problem
}

export function blank(width: i32, height: i32, channels: i32): usize {
  image = new Image(width, height, channels)
  return changetype<usize>(image.data)
}

export function imageWidth(): i32 {
  return image.width
}

export function imageHeight(): i32 {
  return image.height
}

export function imageChannels(): i32 {
  return image.channels
}

export function imageData(): usize {
  return changetype<usize>(image.data)
}

export function isLine(): bool {
  return looksLikeLine(image)
}

export function planes(x: i32, y: i32, w: i32, h: i32, turned: bool, width: i32, content: i32, height: i32): usize {
  return toPlanes(image, new Box(x, y, w, h), turned, width, content, height, lineScale()).dataStart
}

export function boxes(map: usize, width: i32, height: i32, imageWide: i32, imageHigh: i32): string {
  const found = findBoxes(map, width, height, imageWide, imageHigh)
  const rows = orderBoxes(found)
  let out = ''
  for (let i = 0; i < found.length; i++) {
    const b = found[i]
    out += `${rows[i]},${b.x},${b.y},${b.width},${b.height};`
  }
  return out
}

export function best(at: usize, n: i32): i32 {
  return argmax(at, n)
}

export function ctc(at: usize, steps: i32, classes: i32): string {
  const reading = decodeCtc(at, steps, classes)
  return `{"text":${quote(reading.text)},"confidence":${decimal(reading.confidence)}}`
}

export function decimalText(millionths: i32): string {
  return decimal(millionths)
}

export function read(): string {
  const page = readText(image)
  return page.problem.length > 0 ? page.problem : page.toJson()
}
