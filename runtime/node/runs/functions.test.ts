import { afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import {
  asUtnetError,
  cidOf,
  DAG_CBOR,
  fileCid,
  requestOpening,
  sha256,
  toHex,
  utf8,
  type CID,
  type FunctionAnswer,
  type FunctionRequest,
  type Retention,
} from '../../core/index.ts'
import { openSigner } from '../../crypto/native.ts'
import { buildText } from '../../host/build/testing/guests.ts'
import { createHost, type Host } from '../../host/index.ts'
import { memoryFiles } from '../../host/testing/host.ts'
import { SimulatedDisk } from '../../kv/index.ts'
import { openReceipts, type Receipts } from '../../receipts/index.ts'
import { createEventHub, type EventHub } from '../chain/index.ts'
import { createMeters, type Meters } from '../meters/index.ts'
import type { ReceiptRules, RunParts } from '../parts.ts'
import { createSourceLines } from '../source-lines/index.ts'
import { localReceipts } from './function-receipts.ts'
import { invoke, invokeWhole, promised } from './functions.ts'

const GUEST = `import { Request, Response } from '@utnet/sdk/http'
export function handle(request: Request): Response {
  if (request.path == '/trap') unreachable()
  return new Response(201).header('x-path', request.path).bytes(request.body())
}`

const signer = openSigner(sha256(utf8('functions')))
const CHAIN = cidOf(DAG_CBOR, utf8('chain'))
const HEAD = { height: 5, time: 1_000, seed: sha256(utf8('seed')) }
const ON: ReceiptRules = { default: 'on' }
const OFF: ReceiptRules = { default: 'off' }
const BODY = utf8('twelve bytes')

let component: Uint8Array
let module: CID
beforeAll(async () => {
  ;({ component } = await buildText('function', { 'index.ts': GUEST }, 'runs-functions'))
  module = fileCid(component)
}, 60_000)

/** The services of a run, over files and a disk in memory. */
class Node {
  readonly files = memoryFiles()
  readonly host: Host = createHost({ files: this.files })
  readonly receipts: Receipts
  readonly events: EventHub = createEventHub()
  readonly meters: Meters = createMeters(() => ({ mempool: 0, receipts: 0, threads: 0 }))
  readonly times: number[] = []
  now = 2_000

  constructor(disk: SimulatedDisk) {
    const random = (n: number): Uint8Array => new Uint8Array(n).fill(9)
    this.receipts = openReceipts({ disk, chainId: CHAIN, node: signer.key, sign: signer.sign, random, soon: setImmediate })
  }

  parts(receipting: ReceiptRules, retention: Retention = 'public', world = 'function'): RunParts {
    return {
      clock: { nowMs: () => this.now, sleep: () => new Promise(() => {}) },
      chain: { chainId: CHAIN, head: () => ({ header: HEAD }) },
      producer: { noteTime: (time) => void this.times.push(time) },
      host: this.host,
      functionReceipts: localReceipts(this.receipts),
      events: this.events,
      meters: this.meters,
      retention: { default: retention },
      receipting,
      random: (n) => new Uint8Array(n).fill(8),
      lines: createSourceLines({ mapOf: () => undefined, files: this.files, always: true }),
      guestNow: () => ({ world, module }),
    }
  }

  /** Runs as the meters count them: how many by status, and their seconds in all. */
  async counted(): Promise<readonly [Record<string, number>, number]> {
    const text = await this.meters.text()
    const found = text.matchAll(/^utnet_runs_total\{kind="invoke",status="([^"]+)"\} (\d+)$/gm)
    const sum = /^utnet_run_seconds_sum\{kind="invoke"\} (\S+)$/m.exec(text)
    return [Object.fromEntries([...found].map(([, status, n]) => [status, Number(n)])) as Record<string, number>, Number(sum?.[1])]
  }
}

let node: Node
beforeEach(() => (node = new Node(new SimulatedDisk())))
afterEach(async () => {
  vi.restoreAllMocks()
  await node.receipts.close()
})

const asked = (path: string, change: Partial<FunctionRequest> = {}): FunctionRequest => ({
  method: 'POST',
  path,
  headers: [['accept', '*/*']],
  body: BODY,
  ...change,
})

/** What an asker was told, in order. */
function listening(): { readonly told: unknown[]; readonly asker: Parameters<typeof invoke>[3] } {
  const told: unknown[] = []
  return { told, asker: { answered: (answer) => void told.push(answer), failed: (error) => void told.push(asUtnetError(error).code) } }
}

const run = (parts: RunParts, request: FunctionRequest): Promise<FunctionAnswer> =>
  promised((asker) => invoke(parts, 'app', request, asker))

test('a guest that is loaded answers without receipt before the call comes back', async () => {
  await node.host.admit(component)
  const { told, asker } = listening()
  expect(invoke(node.parts(OFF), 'app', asked('/a'), asker)).toBeUndefined()
  expect(told).toMatchObject([{ status: 201, body: BODY, receipt: null }])
  expect((told[0] as FunctionAnswer).headers).toContainEqual(['x-path', '/a'])
  expect(node.receipts.count()).toBe(0)
})

test.each([ON, OFF])('one that is not is loaded first, and no run begins before (receipts $default)', async (receipting) => {
  const coming = Promise.withResolvers<Uint8Array>()
  vi.spyOn(node.files, 'getFile').mockImplementation(() => coming.promise)
  const { told, asker } = listening()
  const answer = invoke(node.parts(receipting), 'app', asked('/a'), asker)
  expect(answer).toBeInstanceOf(Promise)
  expect(node.times).toEqual([])
  node.now = 3_000
  coming.resolve(component)
  expect(await answer).toMatchObject({ status: 201, body: BODY })
  expect([node.times, told]).toEqual([[3_000], []])
})

test('with a receipt the answer carries its ticket, and the sha256 of its body', async () => {
  await node.host.admit(component)
  const { told, asker } = listening()
  expect(invoke(node.parts(ON), 'app', asked('/a'), asker)).toBeUndefined()
  expect(told).toEqual([])
  await expect.poll(() => told.length).toBe(1)
  const answer = told[0] as FunctionAnswer
  expect(toHex(answer.bodySha256)).toBe(toHex(sha256(BODY)))
  expect(answer.failure).toBeUndefined()
  const { id, attestation, gas } = answer.receipt as NonNullable<FunctionAnswer['receipt']>
  expect(attestation.length).toBeGreaterThan(100)
  expect(BigInt(gas)).toBeGreaterThan(0n)
  expect(node.receipts.get(id)?.opened?.openings.files.size).toBe(1)
})

test('an answer that goes to another thread holds the sha256 of its body', async () => {
  await node.host.admit(component)
  const answer = structuredClone(await invokeWhole(node.parts(OFF), 'app', asked('/a')))
  expect(toHex(answer.bodySha256)).toBe(toHex(sha256(BODY)))
})

test('the receipt names the bytes that were sent, whatever becomes of them', async () => {
  await node.host.admit(component)
  const body = Uint8Array.from(BODY)
  const answer = run(node.parts(ON), asked('/a', { body }))
  body.fill(0)
  const { receipt } = await answer
  const opened = node.receipts.get(receipt?.id as string)?.opened
  expect(opened?.openings.files.get(toHex(sha256(BODY)))).toEqual(BODY)
  expect(opened?.openings.input).toEqual(requestOpening('POST', '/a', [['accept', utf8('*/*')]], sha256(BODY)))
})

test('where the disk fails the asker is told, and so is who waits for a promise', async () => {
  const failing = new Node(new SimulatedDisk({ failSyncAt: 1 }))
  await failing.host.admit(component)
  const parts = failing.parts(ON)
  const { told, asker } = listening()
  expect(invoke(parts, 'app', asked('/a'), asker)).toBeUndefined()
  await expect(run(parts, asked('/a'))).rejects.toMatchObject({ code: 'disk_failed' })
  expect(told).toEqual(['disk_failed'])
})

test('receipts are told of where somebody listens, and only there', async () => {
  await node.host.admit(component)
  const emit = vi.spyOn(node.events, 'emit')
  await run(node.parts(ON), asked('/a'))
  expect(emit).not.toHaveBeenCalled()
  const listener = node.events.subscribe(new AbortController().signal)
  const { receipt } = await run(node.parts(ON), asked('/a'))
  expect((await listener.next()).value).toEqual({ type: 'receipt', id: receipt?.id, kind: 'invoke', status: 'ok', gas: receipt?.gas })
})

test.each([ON, OFF])('where a run ended is shown if what runs see is public (receipts $default)', async (receipting) => {
  await node.host.admit(component)
  const trapped = await run(node.parts(receipting), asked('/trap'))
  expect(trapped).toMatchObject({ status: 500, failure: { status: 'trap', at: 'handle' } })
  expect(trapped.receipt === null).toBe(receipting === OFF)
  for (const retention of ['sealed', 'none'] as const) {
    const hidden = await run(node.parts(receipting, retention), asked('/trap'))
    expect([hidden.status, hidden.failure]).toEqual([500, undefined])
  }
  expect((await node.counted())[0]).toEqual({ trap: 3 })
})

test.each([ON, OFF])('a run counts, with the seconds that it took (receipts $default)', async (receipting) => {
  await node.host.admit(component)
  let now = 7_000
  vi.spyOn(performance, 'now').mockImplementation(() => now)
  const host: Host = {
    ...node.host,
    invokeNow(request) {
      const outcome = node.host.invokeNow(request)
      now += 2_500
      return outcome
    },
  }
  await run({ ...node.parts(receipting), host }, asked('/a'))
  expect(await node.counted()).toEqual([{ ok: 1 }, 2.5])
})

test.each([
  ['contract', 'app is a contract', 'utnet call'],
  ['operator', 'app is an operator', 'utnet infer'],
] as const)('a guest of the world %s answers no requests, and the refusal says what runs it', (world, message, hint) => {
  const { asker } = listening()
  expect(() => invoke(node.parts(ON, 'public', world), 'app', asked('/a'), asker)).toThrow(
    expect.objectContaining({
      code: 'guest_world',
      message: expect.stringContaining(message) as string,
      hint: expect.stringContaining(hint) as string,
    }) as Error,
  )
})
