/** Receipts and bundles of a real node: whole they hold, with anything changed they do not, and a check says which part. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { fromBase64, type ReceiptView } from '../../runtime/core/index.ts'
import { reexecute } from '../../runtime/node/index.ts'
import { verifyBundle, verifyReceiptView, type ReceiptViewOptions, type Verification } from '../../runtime/verify/index.ts'
import { startNode, ticketOf, type RealNode } from './kit/node.ts'

interface Made {
  readonly id: string
  readonly view: ReceiptView
  readonly bundle: Uint8Array
}

let node: RealNode
const made = new Map<string, Made>()
const KINDS = ['call', 'invoke', 'infer'] as const

const failing = (result: Verification): string[] => result.checks.filter((c) => !c.ok).map((c) => c.name)

async function collect(id: string): Promise<Made> {
  const view = await node.api.receipt(id, 20_000)
  return { id, view, bundle: await node.api.bundle(id) }
}

function of(kind: string): Made {
  const found = made.get(kind)
  if (found === undefined) throw new Error(`no receipt of a ${kind} was made`)
  return found
}

const matrix = (name: string, values: readonly number[]) => ({
  name,
  dtype: 'f32' as const,
  shape: [2, 2],
  data: new Uint8Array(Float32Array.from(values).buffer),
})

beforeAll(async () => {
  node = await startNode(['ledger', 'probe', 'matmul'])
  await node.api.call({ name: 'ledger', export: 'post', args: [{ label: 'a', amount: '3' }, 2] })
  const call = await node.api.call({ name: 'ledger', export: 'post', args: [{ label: 'a', amount: '5' }, 7] })
  // Several receipts stand in one batch, so that its Merkle path is not empty.
  const answers = await Promise.all([0, 1, 2, 3, 4].map((i) => fetch(`${node.url}/fn/probe/echo`, { method: 'POST', body: `body ${i}` })))
  const infer = await node.api.infer({ model: 'matmul', inputs: [matrix('a', [1, 2, 3, 4]), matrix('b', [5, 6, 7, 8])] })
  made.set('call', await collect(call.receipt))
  made.set('invoke', await collect(ticketOf(answers[2] as Response).id))
  made.set('infer', await collect(infer.receipt.id))
})
afterAll(() => node.close())

test.each(KINDS)('the untouched bundle of a %s is valid, run again too', async (kind) => {
  const { bundle, view } = of(kind)
  const result = await verifyBundle(bundle, { trust: [node.genesis], reexecute })
  expect(result.checks.filter((c) => !c.ok)).toEqual([])
  expect(result.valid).toBe(true)
  expect(result.checks.map((c) => c.name)).toContain('reexecution')
  expect(view.body['kind']).toBe(kind)
})

test.each(KINDS)('the bundle of a %s is worth nothing to someone who does not trust its chain', async (kind) => {
  expect(failing(await verifyBundle(of(kind).bundle, { trust: [] }))).toContain('trust')
  const stranger = await startNode()
  try {
    expect(failing(await verifyBundle(of(kind).bundle, { trust: [stranger.genesis] }))).toContain('trust')
  } finally {
    await stranger.close()
  }
})

/** A generator of numbers from a seed: mulberry32. */
function numbers(seed: number): () => number {
  let a = seed
  return () => {
    a = (a + 0x6d2b79f5) | 0
    let t = Math.imul(a ^ (a >>> 15), 1 | a)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return (t ^ (t >>> 14)) >>> 0
  }
}

const FLIPS = 500

test.each(KINDS)(
  `the bundle of a %s with any byte flipped is invalid (${FLIPS} places), as is one cut short or with a byte more`,
  async (kind) => {
    const { bundle } = of(kind)
    const next = numbers(0x5eed)
    const options = { trust: [node.genesis] }
    const survivors: string[] = []
    // The header of the file and its root node are small, so each of their bytes is tried besides the random ones.
    const places = [...Array.from({ length: 160 }, (_, i) => i), ...Array.from({ length: FLIPS }, () => next() % bundle.length)]
    const copy = Uint8Array.from(bundle)
    for (const at of places) {
      const mask = 1 << (next() % 8)
      copy[at] = (copy[at] as number) ^ mask
      if ((await verifyBundle(copy, options)).valid) survivors.push(`byte ${at} ^ ${mask}`)
      copy[at] = (copy[at] as number) ^ mask
    }
    for (const length of [0, 1, 10, bundle.length >> 1, bundle.length - 1]) {
      if ((await verifyBundle(bundle.subarray(0, length), options)).valid) survivors.push(`cut to ${length}`)
    }
    for (const byte of [0, 1, 0xff]) {
      if ((await verifyBundle(Uint8Array.of(...bundle, byte), options)).valid) survivors.push(`byte ${byte} behind the end`)
      if ((await verifyBundle(Uint8Array.of(byte, ...bundle), options)).valid) survivors.push(`byte ${byte} before the start`)
    }
    if ((await verifyBundle(Uint8Array.of(...bundle, ...bundle), options)).valid) survivors.push('twice')
    expect(survivors).toEqual([])
    expect((await verifyBundle(copy, options)).valid).toBe(true)
  },
)

/** Every place of a JSON value: paths to leaves, to members and to items. */
function* places(value: unknown, path: readonly (string | number)[] = []): Generator<readonly (string | number)[]> {
  if (typeof value !== 'object' || value === null) return yield path
  if (path.length > 0) yield path
  for (const [key, inner] of Object.entries(value)) yield* places(inner, [...path, Array.isArray(value) ? Number(key) : key])
}

function other(value: unknown): unknown {
  if (typeof value === 'number') return value + 1
  if (typeof value === 'boolean') return !value
  if (value === null) return '00'.repeat(32)
  if (typeof value !== 'string') return null
  // Another valid character of the same alphabet, so that the value stays readable.
  const at = value.length >> 1
  const c = value[at] ?? ''
  const swap = /[0-9]/.test(c) ? (c === '7' ? '2' : '7') : c === 'a' ? 'b' : c === 'A' ? 'B' : /[A-Z]/.test(c) ? 'A' : 'a'
  return value.slice(0, at) + swap + value.slice(at + 1)
}

type Edit = (holder: Record<string | number, unknown>, key: string | number) => void

function edited(view: ReceiptView, path: readonly (string | number)[], edit: Edit): unknown {
  const copy = structuredClone(view) as unknown
  let holder = copy as Record<string | number, unknown>
  for (const key of path.slice(0, -1)) holder = holder[key] as Record<string | number, unknown>
  edit(holder, path.at(-1) as string | number)
  return copy
}

const EDITS: readonly (readonly [string, Edit])[] = [
  ['changed', (holder, key) => (holder[key] = other(holder[key]))],
  ['taken out', (holder, key) => (Array.isArray(holder) ? holder.splice(Number(key), 1) : delete holder[key])],
  ['doubled', (holder, key) => (Array.isArray(holder) ? holder.push(holder[Number(key)]) : (holder[`${key}2`] = holder[key]))],
  ['made null', (holder, key) => (holder[key] = holder[key] === null ? 0 : null)],
]

async function optionsFor(view: ReceiptView): Promise<ReceiptViewOptions> {
  const query = { name: 'ledger', export: 'amount-of', args: ['a'], at: Number(view.anchor?.['height']), proof: true }
  const { proof } = await node.api.query(query)
  return {
    trust: [node.genesis],
    header: fromBase64(proof?.header ?? '', 'header'),
    certificate: fromBase64(proof?.certificate ?? '', 'certificate'),
  }
}

test.each(KINDS)(
  'the JSON receipt of a %s holds as it is, and fails with any one field changed, taken out, doubled or null',
  async (kind) => {
    const { view } = of(kind)
    const options = await optionsFor(view)
    expect(failing(verifyReceiptView(JSON.parse(JSON.stringify(view)), options))).toEqual([])
    const survivors: string[] = []
    let tried = 0
    for (const path of places(view)) {
      for (const [what, edit] of EDITS) {
        const document = edited(view, path, edit)
        if (JSON.stringify(document) === JSON.stringify(view)) continue
        tried++
        const result = verifyReceiptView(document, options)
        const named = result.checks.filter((c) => !c.ok)
        if (result.valid || named.length === 0 || named.some((c) => c.detail === '')) survivors.push(`${path.join('.')} ${what}`)
      }
    }
    expect(survivors).toEqual([])
    expect(tried).toBeGreaterThan(60)
  },
)

test('a receipt with the attestation or anchor of another fails at that check', async () => {
  const invoke = of('invoke').view
  const infer = of('infer').view
  const options = await optionsFor(invoke)
  expect(failing(verifyReceiptView({ ...invoke, attestation: infer.attestation }, options))).toContain('attestation')
  expect(failing(verifyReceiptView({ ...invoke, body: infer.body, id: infer.id }, options))).toContain('attestation')
  expect(failing(verifyReceiptView({ ...invoke, anchor: of('call').view.anchor }, options))).toContain('anchor')
})
