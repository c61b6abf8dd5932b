import { readFile, readdir } from 'node:fs/promises'
import { beforeAll, expect, test } from 'vitest'
import { Guest, compileGuest } from './testing/guest.ts'
import { canWait } from './testing/models.ts'

const images = new URL('../../../examples/images/', import.meta.url)

interface Answer {
  readonly text: string
  readonly confidence: number
  readonly lines: readonly { readonly text: string; readonly confidence: number; readonly box: readonly number[] }[]
  readonly rotated: boolean
}

let module: WebAssembly.Module
let expected: Record<string, string>
beforeAll(async () => {
  module = await compileGuest()
  expected = JSON.parse(await readFile(new URL('expected.json', images), 'utf8')) as Record<string, string>
}, 60_000)

async function readImage(name: string): Promise<{ json: string; answer: Answer; models: string[] }> {
  const guest = new Guest(module)
  expect(guest.decode(await readFile(new URL(name, images)))).toBe('')
  const json = await guest.read()
  return { json, answer: JSON.parse(json) as Answer, models: guest.inferences.map((i) => i.model) }
}

test('every example image has an expected text', async () => {
  const files = (await readdir(images)).filter((name) => name.endsWith('.png')).toSorted()
  expect(Object.keys(expected).toSorted()).toEqual(files)
})

test.skipIf(!canWait)('reads every example image exactly', async () => {
  for (const [name, text] of Object.entries(expected)) {
    const { answer } = await readImage(name)
    expect([name, answer.text]).toEqual([name, text])
    expect(answer.confidence).toBeGreaterThan(0.9)
    expect(answer.rotated).toBe(name === 'rotated.png')
    expect(answer.lines.map((line) => line.text).join('\n')).toBe(text)
  }
})

test.skipIf(!canWait)('a sure line takes the reader alone, one on its head the direction too, a page the detector', async () => {
  expect((await readImage('clean.png')).models).toEqual(['ppocr-rec'])
  expect((await readImage('rotated.png')).models).toEqual(['ppocr-rec', 'ppocr-cls', 'ppocr-rec'])
  expect((await readImage('page.png')).models).toEqual(['ppocr-det', 'ppocr-rec', 'ppocr-rec'])
})

test.skipIf(!canWait)('the boxes of a page stand where its lines do', async () => {
  const { answer } = await readImage('page.png')
  const [first, second] = answer.lines.map((line) => line.box)
  // The lines were drawn at (24, 20) and (24, 72) in 30 pixel type.
  for (const [box, y] of [
    [first, 20],
    [second, 72],
  ] as const) {
    expect(Math.abs((box?.[0] ?? 0) - 24)).toBeLessThan(8)
    expect(Math.abs((box?.[1] ?? 0) - y)).toBeLessThan(8)
  }
})

test.skipIf(!canWait)('the same image gives the same bytes, in a new instance and in a used one', async () => {
  const file = await readFile(new URL('page.png', images))
  const guest = new Guest(module)
  guest.decode(file)
  const first = await guest.read()
  guest.decode(file)
  expect(await guest.read()).toBe(first)
  expect((await readImage('page.png')).json).toBe(first)
  expect(first).toMatch(/^\{"text":".*","confidence":\d\.\d{4},"lines":\[\{"text":/)
})

test.skipIf(!canWait)('an image without text has none', async () => {
  const guest = new Guest(module)
  for (const [width, height, channels] of [
    [320, 48, 1],
    [1, 1, 3],
    [200, 100, 1],
    [2, 600, 1],
    [600, 2, 3],
  ] as const) {
    const at = guest.call('blank', width, height, channels)
    guest.memory.fill(255, at, at + width * height * channels)
    expect(await guest.read()).toBe('{"text":"","confidence":0.0000,"lines":[],"rotated":false}')
  }
})

test.skipIf(!canWait)('a failed inference is told in the words of the node', async () => {
  for (const name of ['clean.png', 'page.png']) {
    const guest = new Guest(module)
    guest.decode(await readFile(new URL(name, images)))
    guest.refusal = 'no such model'
    expect(await guest.read()).toBe('no such model')
  }
})
