/** Two nodes: a development node as it is, and another that anchors on its chain over HTTP, serves its own data, and lies. */
import { createServer, type Server } from 'node:http'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import {
  batchData,
  cidOf,
  DAG_CBOR,
  decode,
  decodeReceipt,
  encode,
  encodeReceipt,
  encodeTx,
  formatAddress,
  formatKey,
  merkleRoot,
  offeredFee,
  openingDigest,
  parseCid,
  PARAMS,
  RAW,
  readBundleFile,
  receiptId,
  responseOpening,
  runSeed,
  sha256,
  txSigningBytes,
  utf8,
  writeBundle,
  type CID,
  type RunBody,
  type TxPayload,
} from '../../core/index.ts'
import { signEd25519 } from '../../crypto/native.ts'
import { createClient } from '../../../gateway/client/index.ts'
import { main } from '../../../cli/main.ts'
import { nodeOf } from '../../consensus/power/testing/chips.ts'
import { signBatch, UNC, validatorOf } from '../../consensus/testing/test-kit.ts'
import { buildText } from '../../host/build/testing/guests.ts'
import { startDevNode } from '../dev-node.ts'

const GUEST = `
import { Request, Response } from '@utnet/sdk/http'
export function handle(request: Request): Response { return new Response().text('the truth') }`

const LIAR = validatorOf(7)
const folder = mkdtempSync(join(tmpdir(), 'utnet-audit-'))
/** What the other node serves: blocks, and bundles by receipt. */
const served = new Map<string, Uint8Array>()
const bundles = new Map<string, Uint8Array>()
let server: Server
let node: Awaited<ReturnType<typeof startDevNode>>
let api: ReturnType<typeof createClient>
let nonce = 0
let threads = 0

function answer(path: string): Uint8Array | undefined {
  const [, room, id = '', receipt = ''] = path.split('/')
  return room === 'ipfs' ? served.get(id) : bundles.get(receipt)
}

beforeAll(async () => {
  vi.stubEnv('UTNET_HOME', join(folder, 'home'))
  vi.spyOn(process.stdout, 'write').mockReturnValue(true)
  vi.spyOn(process.stderr, 'write').mockReturnValue(true)
  server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://x')
    const bytes = answer(pathname)
    if (bytes === undefined) response.writeHead(404).end()
    else response.writeHead(200, { etag: `"${pathname.split('/')[2] ?? ''}"` }).end(bytes)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  node = await startDevNode({ data: folder, port: 0, threads: 0, auditFrom: [`http://127.0.0.1:${port}`], onFinding: () => {} })
  api = createClient(node.url)
  await api.fund(formatAddress(LIAR.address))
  const { component } = await buildText('function', { 'index.ts': GUEST }, 'truth')
  await api.deploy({ name: 'truth', component })
  const chainId = parseCid((await api.info()).chainId)
  await send({ kind: 'node', action: nodeOf(LIAR, chainId) })
  await send({ kind: 'node', action: { op: 'bond', amount: UNC } })
}, 60_000)
afterAll(async () => {
  vi.restoreAllMocks()
  vi.unstubAllEnvs()
  await node.close()
  server.close()
  rmSync(folder, { recursive: true, force: true })
})

async function send(payload: TxPayload) {
  const body = {
    chainId: parseCid((await api.info()).chainId),
    sender: LIAR.key,
    nonce: nonce++,
    expiry: (await api.chain()).height + 100,
    gasLimit: 80_000_000n,
    maxFeePerGas: offeredFee(PARAMS.baseFee),
    payload,
  }
  const { hash } = await api.submit(encodeTx({ body, sig: signEd25519(txSigningBytes(body), LIAR.secret) }))
  return api.transaction(hash, 20_000)
}

/** Anchors one leaf of the other node, whose data it serves. */
async function anchor(leaf: (thread: number) => Uint8Array): Promise<{ readonly thread: number; readonly leaf: Uint8Array }> {
  const thread = threads++
  const bytes = leaf(thread)
  const batch = signBatch(LIAR, parseCid((await api.chain()).chainId), {
    thread,
    first: 0,
    size: 1,
    prev: new Uint8Array(32),
    root: merkleRoot([bytes]),
  })
  const data = batchData([sha256(bytes)])
  for (const block of [data.bytes, bytes]) served.set(cidOf(DAG_CBOR, block).toString(), block)
  expect(await send({ kind: 'anchor', batches: [batch], data: data.cid })).toMatchObject({ status: 'ok' })
  return { thread, leaf: bytes }
}

const bondOf = async (): Promise<boolean> => {
  const { entries } = await api.chainEvents({ filter: [`record=${formatKey(LIAR.key)}`], limit: 100 })
  return entries.some((e) => e.type === 'transaction' && e.kind === 'refute' && e.status === 'ok')
}

/** Makes blocks until the audit says so: each transaction gets one. */
async function until(done: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < 200; i++) {
    if (await done()) return
    await api.fund(formatAddress(LIAR.address))
  }
  throw new Error(`nothing came of it: ${JSON.stringify((await api.info()).audit)}`)
}

const refuted = async (count: number): Promise<void> => until(async () => (await api.info()).audit?.refuted === count)

/** A receipt and bundle of the honest node, taken over by the other one: the same run with what it says it gave. */
async function taken(thread: number, text: string): Promise<Uint8Array> {
  const request = { method: 'GET', path: '/', headers: [], body: new Uint8Array(0) } as const
  const { receipt } = await api.invoke('truth', request)
  await api.receipt(receipt?.id ?? '', 20_000)
  const { root, get } = readBundleFile(await api.bundle(receipt?.id ?? ''))
  const body = decodeReceipt(get(root.receipt)) as RunBody
  const seed = ((await api.block(body.context.height)).header as { readonly seed: string }).seed
  const file = utf8(text)
  const output = root.output as NonNullable<typeof root.output>
  const [status, headers] = decode(get(output.opening), 'output') as [number, [string, Uint8Array][]]
  const opening = responseOpening(status, headers, sha256(file))
  const own: RunBody = {
    ...body,
    node: LIAR.key,
    thread,
    seq: 0,
    output: openingDigest('output', output.salt, opening),
    context: { ...body.context, seed: runSeed(Buffer.from(seed, 'hex'), body.module, body.input, thread, 0) },
  }
  const leaf = encodeReceipt(own)
  const blocks = new Map<string, Uint8Array>([
    [receiptId(leaf).toString(), leaf],
    [cidOf(DAG_CBOR, opening).toString(), opening],
    [cidOf(RAW, file).toString(), file],
  ])
  const crafted = {
    ...root,
    receipt: receiptId(leaf),
    output: { ...output, opening: cidOf(DAG_CBOR, opening), files: [cidOf(RAW, file)] },
  }
  bundles.set(
    receiptId(leaf).toString(),
    writeBundle(crafted, (cid: CID) => blocks.get(cid.toString()) ?? get(cid)),
  )
  return leaf
}

test('U3.3-ROL-1 a node that anchors a leaf of a wrong form loses its bond by the audit of another, which says what it did', async () => {
  await anchor(() => encode(['no receipt']))
  await refuted(1)
  expect(await bondOf()).toBe(true)
  const { audit } = await api.info()
  expect(audit).toMatchObject({ batches: 1, leaves: 1, refuted: 1, last: expect.stringContaining('canonical body') as string })
  const page = await (await fetch(`${node.url}/`)).text()
  expect(page).toContain('Audit of other nodes')
  expect(page).toContain('canonical body')
}, 30_000)

test('U3.3-ROL-1 a run that another node tells wrong is repeated, and convicted by verdict; an honest one stays', async () => {
  const honest = await taken(threads, 'the truth')
  await anchor(() => honest)
  await until(async () => (await api.info()).audit?.runs === 1)
  expect((await api.info()).audit).toMatchObject({ batches: 2, refuted: 1 })
  const lie = await taken(threads, 'a lie')
  await anchor(() => lie)
  await refuted(2)
  expect((await api.info()).audit?.last).toMatch(/run again, it gave another output/)
}, 60_000)

test('utnet chain verdict asks validators with a file, adds up what they sign, and refutes', async () => {
  const unheard = await startDevNode({ data: join(folder, 'other'), port: 0, threads: 0, audit: false })
  try {
    const lie = await taken(threads, 'another lie')
    const file = join(folder, 'lie.car')
    const id = receiptId(lie).toString()
    writeFileSync(file, bundles.get(id) as Uint8Array)
    // the audit does not get at it: the command has to
    bundles.delete(id)
    await anchor(() => lie)
    const { port } = server.address() as AddressInfo
    const run = (...more: string[]): Promise<number> =>
      main(['chain', 'verdict', file, '--node', node.url, '--leaves', `http://127.0.0.1:${port}`, ...more])
    // a node of another chain signs nothing
    expect(await run('--validator', unheard.url)).toBe(1)
    expect(await run('--dry-run')).toBe(0)
    expect((await api.info()).audit?.refuted).toBe(2)
    expect(await run('--validator', unheard.url, '--validator', node.url)).toBe(0)
    // void now: nobody signs that
    expect(await run()).toBe(1)
  } finally {
    await unheard.close()
  }
}, 60_000)
