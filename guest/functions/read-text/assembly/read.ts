/** The flow: one line straight to the reader, anything else through the detector first. */

import { JsonWriter } from '@utnet/sdk/json'
import { findBoxes, orderBoxes } from './boxes'
import { Reading, decodeCtc } from './ctc'
import { decimal } from './decimal'
import { Image } from './image'
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

  /** This page with the reason of the inference that failed. */
  failed(): Page {
    this.problem = inferProblem
    return this
  }

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

  /** Sum over all characters, in millionths: how many of them are expected to be right. */
  get probability(): i64 {
    let sum: i64 = 0
    for (let i = 0; i < this.lines.length; i++) sum += this.lines[i].reading.probability
    return sum
  }

  /** Mean over all characters, in millionths. */
  get confidence(): i32 {
    let characters = 0
    for (let i = 0; i < this.lines.length; i++) characters += this.lines[i].reading.characters
    return characters == 0 ? 0 : <i32>(this.probability / characters)
  }

  toJson(): string {
    const json = new JsonWriter().beginObject()
    json.key('text').string(this.text).key('confidence').raw(decimal(this.confidence)).key('lines').beginArray()
    for (let i = 0; i < this.lines.length; i++) {
      const line = this.lines[i]
      const box = line.box
      json.beginObject().key('text').string(line.reading.text).key('confidence').raw(decimal(line.reading.confidence))
      json.key('box').beginArray().integer(box.x).integer(box.y).integer(box.width).integer(box.height).endArray().endObject()
    }
    json.endArray().key('rotated').bool(this.rotated)
    if (this.truncated) json.key('truncated').bool(true)
    return json.endObject().toString()
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
  output.release()
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
  output.release()
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
  const boxes = findBoxes(output.start, width, height, image.width, image.height)
  output.release()
  return boxes
}

/**
 * Reads the line in `box`: as it stands, and where that is in doubt as the direction model says, or both ways. A long reading that is sure needs
 * no direction: text on its head is never read with such confidence. Null if a model could not be run.
 */
function readLine(image: Image, box: Box, row: i32, scale: Scale): Line | null {
  const upright = readingOf(image, box, false, scale)
  if (!upright) return null
  const line = new Line(box, row, false, upright)
  if (upright.confidence >= recipe.SURE_CONFIDENCE && upright.characters >= recipe.SURE_CHARACTERS) return line
  const direction = directionOf(image, box, scale)
  if (direction < 0) return null
  if (direction == 0) return upright.confidence >= recipe.UPRIGHT_CONFIDENCE_MIN || tryTurned(image, line, scale) ? line : null
  const turned = readingOf(image, box, true, scale)
  if (!turned) return null
  return turned.confidence >= recipe.TURNED_CONFIDENCE_MIN || turned.confidence > upright.confidence
    ? new Line(box, row, true, turned)
    : line
}

/** Reads `line` the other way round too and keeps the surer reading. False if the model could not be run. */
function tryTurned(image: Image, line: Line, scale: Scale): bool {
  const other = readingOf(image, line.box, !line.turned, scale)
  if (!other) return false
  if (other.confidence > line.reading.confidence) {
    line.reading = other
    line.turned = !line.turned
  }
  return true
}

/** The text in `boxes`. */
function readBoxes(image: Image, boxes: Array<Box>): Page {
  const page = new Page()
  const scale = lineScale()
  const rows = orderBoxes(boxes)
  page.truncated = boxes.length > recipe.LINES_MAX
  for (let i = 0; i < min(boxes.length, recipe.LINES_MAX); i++) {
    const line = readLine(image, boxes[i], rows[i], scale)
    if (!line) return page.failed()
    if (line.reading.text.length > 0) page.lines.push(line)
  }
  // Lines that stand against the rest of the page are suspect: the classifier errs on a line now and then.
  const rotated = page.rotated
  for (let i = 0; i < page.lines.length; i++) {
    if (page.lines[i].turned != rotated && !tryTurned(image, page.lines[i], scale)) return page.failed()
  }
  // A page on its head is read from its last line back.
  if (page.rotated) page.lines.reverse()
  return page
}

/** Reads all text on `image`. */
export function readText(image: Image): Page {
  const line = looksLikeLine(image) ? readBoxes(image, [new Box(0, 0, image.width, image.height)]) : null
  if (line && (line.problem.length > 0 || line.confidence >= recipe.LINE_IMAGE_CONFIDENCE)) return line
  const boxes = detect(image)
  if (!boxes) return new Page().failed()
  const page = readBoxes(image, boxes)
  return line && page.problem.length == 0 && line.probability > page.probability ? line : page
}
