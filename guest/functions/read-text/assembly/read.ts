/** The flow: one line straight to the reader, anything else through the detector first. */

import { findBoxes, orderBoxes } from './boxes'
import { Reading, decodeCtc } from './ctc'
import { Image } from './image'
import { decimal, quote } from './json'
import { looksLikeLine } from './layout'
import { inferProblem, runModel } from './models'
import { Box, Scale, detectScale, lineScale, toPlanes } from './normalise'
import * as recipe from './recipe'

/** One line of text and where it stands. */
class Line {
  constructor(
    public box: Box,
    public row: i32,
    public turned: bool,
    public reading: Reading,
  ) {}
}

/** What was read, or why a model could not be run. */
export class Page {
  lines: Array<Line> = new Array<Line>()
  /** More boxes were found than are read. */
  truncated: bool = false
  /** The node's word on a failed inference; empty if all went well. */
  problem: string = ''

  /** Most lines stand on their head. */
  get rotated(): bool {
    let turned = 0
    for (let i = 0; i < this.lines.length; i++) if (this.lines[i].turned) turned++
    return turned * 2 > this.lines.length
  }

  /** Lines joined by line feeds, parts of one row by spaces. */
  get text(): string {
    let out = ''
    for (let i = 0; i < this.lines.length; i++) {
      if (i > 0) out += this.lines[i].row == this.lines[i - 1].row ? ' ' : '\n'
      out += this.lines[i].reading.text
    }
    return out
  }

  /** Mean over all characters, in millionths. */
  get confidence(): i32 {
    let characters = 0
    let sum: i64 = 0
    for (let i = 0; i < this.lines.length; i++) {
      characters += this.lines[i].reading.characters
      sum += this.lines[i].reading.probability
    }
    return characters == 0 ? 0 : <i32>(sum / characters)
  }

  toJson(): string {
    let out = `{"text":${quote(this.text)},"confidence":${decimal(this.confidence)},"lines":[`
    for (let i = 0; i < this.lines.length; i++) {
      const line = this.lines[i]
      const box = line.box
      if (i > 0) out += ','
      out += `{"text":${quote(line.reading.text)},"confidence":${decimal(line.reading.confidence)},`
      out += `"box":[${box.x},${box.y},${box.width},${box.height}]}`
    }
    out += `],"rotated":${this.rotated}`
    if (this.truncated) out += ',"truncated":true'
    return out + '}'
  }
}

/** Whether the line in `box` stands on its head; -1 if the model could not be run. */
function directionOf(image: Image, box: Box, scale: Scale): i32 {
  const height = recipe.LINE_HEIGHT
  const width = recipe.DIRECTION_WIDTH
  const content = min(width, max(1, (height * box.width + box.height - 1) / box.height))
  const planes = toPlanes(image, box, false, width, content, height, scale)
  const output = runModel(recipe.MODEL_DIRECTION, planes, height, width)
  if (!output) return -1
  if (output.length < 2) return 0
  const upright = load<f32>(output.start)
  const turned = load<f32>(output.start, 4)
  return turned > upright && turned > recipe.DIRECTION_SCORE_MIN ? 1 : 0
}

/** The text in `box`; null if the model could not be run. */
function readingOf(image: Image, box: Box, turned: bool, scale: Scale): Reading | null {
  const height = recipe.LINE_HEIGHT
  const content = min(recipe.READ_WIDTH_MAX, max(8, (height * box.width + box.height - 1) / box.height))
  const width = max(recipe.READ_WIDTH_MIN, (content + 7) & ~7)
  const planes = toPlanes(image, box, turned, width, content, height, scale)
  const output = runModel(recipe.MODEL_READ, planes, height, width)
  if (!output) return null
  const classes = output.lastDimension
  const reading = decodeCtc(output.start, classes > 0 ? output.length / classes : 0, classes)
  reading.text = reading.text.trim()
  return reading
}

/** Boxes of the lines on a page; null if the model could not be run. */
function detect(image: Image): Array<Box> | null {
  const step = recipe.SIDE_STEP
  const most = recipe.DETECT_SIDE_MAX
  const longest = max(image.width, image.height)
  let width = image.width
  let height = image.height
  if (longest > most) {
    width = (width * most) / longest
    height = (height * most) / longest
  }
  width = max(step, ((width + step / 2) / step) * step)
  height = max(step, ((height + step / 2) / step) * step)
  const planes = toPlanes(image, new Box(0, 0, image.width, image.height), false, width, width, height, detectScale())
  const output = runModel(recipe.MODEL_DETECT, planes, height, width)
  if (!output) return null
  if (output.length != width * height) return new Array<Box>()
  return findBoxes(output.start, width, height, image.width, image.height)
}

/** Reads the lines in `boxes` into `page`. False if a model could not be run. */
function readBoxes(image: Image, boxes: Array<Box>, page: Page): bool {
  const scale = lineScale()
  const rows = orderBoxes(boxes)
  if (boxes.length > recipe.LINES_MAX) {
    page.truncated = true
    boxes.length = recipe.LINES_MAX
  }
  for (let i = 0; i < boxes.length; i++) {
    const turned = directionOf(image, boxes[i], scale)
    if (turned < 0) return false
    const reading = readingOf(image, boxes[i], turned == 1, scale)
    if (!reading) return false
    if (reading.text.length > 0) page.lines.push(new Line(boxes[i], rows[i], turned == 1, reading))
  }
  // A page on its head is read from its last line back.
  if (page.rotated) page.lines.reverse()
  return true
}

/** Reads all text on `image`. */
export function readText(image: Image): Page {
  let page = new Page()
  if (looksLikeLine(image)) {
    const whole = [new Box(0, 0, image.width, image.height)]
    if (!readBoxes(image, whole, page)) {
      page.problem = inferProblem
      return page
    }
    if (page.confidence >= recipe.LINE_IMAGE_CONFIDENCE) return page
    page = new Page()
  }
  const boxes = detect(image)
  if (!boxes || !readBoxes(image, boxes, page)) page.problem = inferProblem
  return page
}
