/**
 * What every NodeApi must do, whoever implements it. Run it on the node itself and on the client over the gateway: both must pass.
 * Parts that need a real guest or model run where the caller hands samples in.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  cidOf,
  cidOfDigest,
  DAG_CBOR,
  decodeReceipt,
  equalBytes,
  fileCid,
  formatAddress,
  isUtnetError,
  LIMITS,
  parseCid,
  RAW,
  receiptId,
  sha256,
  type ErrorCode,
  type FunctionRequest,
  type NamedTensor,
  type NodeApi,
  type NodeEvent,
  type ReceiptTicket,
} from '../../runtime/core/index.ts'

export interface OpenNode {
  readonly api: NodeApi
  readonly close: () => Promise<void> | void
}

export interface NodeSamples {
  readonly contract?: {
    readonly component: Uint8Array
    /** A call that completes, and a query with its result after that call. */
    readonly call: { readonly export: string; readonly args: readonly unknown[] }
    readonly query: { readonly export: string; readonly args: readonly unknown[]; readonly result: unknown }
    /** Arguments that do not fit the call's types. */
    readonly badArgs: readonly unknown[]
  }
  readonly function?: {
    readonly component: Uint8Array
    readonly request: FunctionRequest
    readonly status: number
    readonly body: Uint8Array
  }
  readonly model?: {
    readonly onnx: Uint8Array
    readonly inputs: readonly NamedTensor[]
    /** Exact outputs, where the device is exact. */
    readonly outputs?: readonly NamedTensor[]
  }
}

const WAIT_MS = 20_000
const UNKNOWN = cidOfDigest(DAG_CBOR, new Uint8Array(32).fill(0xa5)).toString()
const STRANGER = formatAddress(new Uint8Array(20).fill(0x5a))
const GARBAGE = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)

async function refused(promise: Promise<unknown>, ...codes: ErrorCode[]): Promise<void> {
  const error = await promise.then(
    (value) => `no error but ${JSON.stringify(value)?.slice(0, 200)}`,
    (thrown: unknown) => thrown,
  )
  expect(isUtnetError(error), `expected ${codes.join(' or ')}, got ${String(error)}`).toBe(true)
  expect(codes).toContain((error as { code: ErrorCode }).code)
  expect((error as Error).message.length).toBeGreaterThan(0)
}

/** Acts until the first event that fits, so that it does not matter when the stream stood; undefined where none comes. */
async function eventAfter(api: NodeApi, act: () => Promise<unknown>, fits: (event: NodeEvent) => boolean): Promise<NodeEvent | undefined> {
  const stop = new AbortController()
  const reading = (async () => {
    for await (const event of api.events(stop.signal)) if (fits(event)) return event
    return undefined
  })()
  const pause = (): Promise<undefined> => new Promise((resolve) => setTimeout(() => resolve(undefined), 50))
  try {
    for (let i = 0; i < 100; i++) {
      await act()
      const found = await Promise.race([reading, pause()])
      if (found !== undefined) return found
    }
    return undefined
  } finally {
    stop.abort()
    await reading
  }
}

/** Registers the suite under `name`. `open` gives a running dev node that nothing else uses. */
export function nodeApiSuite(name: string, open: () => Promise<OpenNode>, samples: NodeSamples = {}): void {
  describe(`NodeApi: ${name}`, () => {
    let api: NodeApi
    let close: OpenNode['close'] | undefined
    beforeAll(async () => {
      ;({ api, close } = await open())
    })
    afterAll(() => close?.())

    test('says what it is', async () => {
      const info = await api.info()
      expect(info.nodeKey).toMatch(/^ed25519:[0-9a-f]{64}$/)
      expect(info.chipKey).toMatch(/^x25519:[0-9a-f]{64}$/)
      expect(info.protocol).toBeGreaterThan(0)
      expect(info.dev).toBe(true)
      expect(info.devAccount).toMatch(/^ut1/)
      expect(info.isolation).toBe('wasm-software')
      expect(info.audit === null || info.audit.refuted === 0).toBe(true)
      await refused(api.verdict(new Uint8Array(3)), 'core_not_canonical', 'verdict_refused')
      await refused(api.attest(new Uint8Array(3)), 'chip_enrolment')
      await refused(api.certify('00', new Uint8Array(32)), 'chip_enrolment')
      expect(await api.ready()).toBe(true)
      expect(await api.metrics()).toMatch(/# EOF\n$/)
    })

    test('its chain id is the CID of its genesis, its head a block', async () => {
      const { chainId } = await api.info()
      expect(cidOf(DAG_CBOR, await api.genesis()).toString()).toBe(chainId)
      const chain = await api.chain()
      expect(chain.chainId).toBe(chainId)
      const block = await api.block(chain.height)
      expect(block).toMatchObject({ height: chain.height, hash: chain.hash })
      await refused(api.block(chain.height + 1_000_000), 'chain_height')
      // epochs have hundreds of blocks: none is over
      await refused(api.epoch(1_000), 'chain_height')
      await refused(api.epoch(1_000, { from: 0, set: true }), 'chain_height')
      const line = await api.power()
      expect(line.members).toHaveLength(chain.validators)
      expect(line.members.reduce((n, m) => n + m.power, 0)).toBe(line.total)
      expect(line.members.reduce((n, m) => n + m.share, 0)).toBeCloseTo(1)
      expect(await api.power(line.epoch)).toEqual(line)
      await refused(api.power(line.epoch + 1_000), 'chain_height')
    })

    test('funds an account', async () => {
      const before = await api.account(STRANGER)
      expect(before.address).toBe(STRANGER)
      const after = await api.fund(STRANGER)
      expect(BigInt(after.balance)).toBeGreaterThan(BigInt(before.balance))
      expect((await api.account(STRANGER)).balance).toBe(after.balance)
      expect((await api.account(STRANGER, true)).proof).toBeDefined()
    })

    test('tells of blocks as they come', async () => {
      const event = await eventAfter(
        api,
        () => api.fund(STRANGER),
        (e) => e.type === 'block',
      )
      expect(event).toMatchObject({ type: 'block', height: expect.any(Number) as number, hash: expect.any(String) as string })
    })

    test('an aborted event stream ends without an error', async () => {
      const seen: NodeEvent[] = []
      for await (const event of api.events(AbortSignal.abort())) seen.push(event)
      expect(seen).toEqual([])
    })

    test('refuses what is not there, each with its code', async () => {
      expect.hasAssertions()
      await refused(api.guest('no-such-guest'), 'guest_not_found')
      await refused(api.query({ name: 'no-such-guest', export: 'get', args: [] }), 'guest_not_found')
      await refused(api.call({ name: 'no-such-guest', export: 'get', args: [] }), 'guest_not_found')
      await refused(api.invoke('no-such-guest', { method: 'GET', path: '/', headers: [], body: new Uint8Array(0) }), 'guest_not_found')
      await refused(api.model('no-such-model'), 'model_not_found')
      await refused(api.infer({ model: 'no-such-model', inputs: [] }), 'model_not_found')
      await refused(api.transaction(UNKNOWN), 'tx_not_found')
      await refused(api.receipt(UNKNOWN), 'receipt_not_found')
      await refused(api.receiptBytes(UNKNOWN), 'receipt_not_found')
      await refused(api.bundle(UNKNOWN), 'receipt_not_found')
      await refused(api.ipfs(cidOf(RAW, GARBAGE).toString(), '', 'raw'), 'block_not_found')
    })

    test('refuses what is malformed, each with its code', async () => {
      expect.hasAssertions()
      await refused(api.deploy({ name: 'garbage', component: GARBAGE }), 'guest_invalid')
      await refused(api.deploy({ name: 'Not A Name', component: GARBAGE }), 'name_invalid')
      await refused(api.guest('Not A Name'), 'name_invalid', 'guest_not_found')
      await refused(api.putModel('garbage', GARBAGE), 'model_invalid')
      await refused(api.submit(GARBAGE), 'tx_invalid')
      await refused(api.account('not-an-address'), 'core_bad_text')
      await refused(api.receipt('not-a-cid'), 'core_bad_text')
      await refused(api.transaction('not-a-cid'), 'core_bad_text')
    })

    test('keeps a file, under the CID of its bytes', async () => {
      const bytes = new Uint8Array(LIMITS.fileChunkBytes + 1).fill(7)
      for (const file of [bytes, bytes.subarray(1, 4), bytes.subarray(0, 0), bytes]) {
        const view = await api.addFile(file)
        expect(view).toEqual({ cid: fileCid(file).toString(), size: file.length })
        expect(equalBytes((await api.ipfs(view.cid, '', 'file')).body, file)).toBe(true)
      }
    })

    const { contract, function: edge, model } = samples

    test.skipIf(contract === undefined)('a contract: deploy, call, query, receipt, bundle', { timeout: 60_000 }, async () => {
      const { component, call, query, badArgs } = contract as NonNullable<typeof contract>
      const deployed = await api.deploy({ name: 'suite-contract', component })
      expect(deployed).toMatchObject({ name: 'suite-contract', world: 'contract', module: expect.stringMatching(/^baf/) as string })
      expect((await api.guests()).map((g) => g.name)).toContain('suite-contract')
      expect((await api.guests({ after: 'suite-contrac', limit: 1 })).map((g) => g.name)).toEqual(['suite-contract'])
      expect((await api.guests({ after: 'suite-contract' })).map((g) => g.name)).not.toContain('suite-contract')
      const detail = await api.guest('suite-contract')
      expect(detail.address).toMatch(/^ut1/)
      expect(detail.exports.find((e) => e.name === call.export)?.signature.name).toBe(call.export)
      const result = await api.call({ name: 'suite-contract', ...call })
      expect(result.status).toBe('ok')
      expect(BigInt(result.gas)).toBeGreaterThan(0n)
      expect(await api.transaction(result.hash, WAIT_MS)).toMatchObject({ state: 'final', height: result.height })
      const { result: value, height } = await api.query({ name: 'suite-contract', export: query.export, args: query.args })
      expect(value).toEqual(query.result)
      expect(height).toBeGreaterThanOrEqual(result.height)
      expect((await api.query({ name: 'suite-contract', export: query.export, args: query.args, proof: true })).proof).toBeDefined()
      await refused(api.call({ name: 'suite-contract', export: call.export, args: badArgs }), 'value_mismatch')
      await refused(api.call({ name: 'suite-contract', export: 'no-such-export', args: [] }), 'guest_export_not_found')
      const view = await api.receipt(result.receipt, WAIT_MS)
      expect(view).toMatchObject({ id: result.receipt, body: { kind: 'call', status: 'ok' }, anchor: { height: result.height } })
      const bytes = await api.receiptBytes(result.receipt)
      expect(receiptId(bytes).toString()).toBe(result.receipt)
      expect(decodeReceipt(bytes).kind).toBe('call')
      expect((await api.bundle(result.receipt)).length).toBeGreaterThan(0)
    })

    test.skipIf(edge === undefined)('a function: deploy, invoke, receipt', { timeout: 60_000 }, async () => {
      const { component, request, status, body } = edge as NonNullable<typeof edge>
      const map = new TextEncoder().encode('{"version":3,"sources":[],"mappings":""}')
      const sourceMap = cidOf(RAW, map).toString()
      const deployed = await api.deploy({ name: 'suite-function', component, sourceMap })
      const { module } = deployed
      await refused(api.sourceMap(module), 'block_not_found')
      await refused(api.putSourceMap('suite-function', GARBAGE), 'request_invalid')
      await refused(api.putSourceMap('nobody', map), 'guest_not_found')
      expect(await api.putSourceMap('suite-function', map)).toEqual({ name: 'suite-function', module, sourceMap })
      expect(equalBytes(await api.sourceMap(module), map)).toBe(true)
      expect(deployed.world).toBe('function')
      const answer = await api.invoke('suite-function', request)
      expect(answer.status).toBe(status)
      expect(new TextDecoder().decode(answer.body)).toBe(new TextDecoder().decode(body))
      expect(equalBytes(answer.bodySha256, sha256(body))).toBe(true)
      const receipt = answer.receipt as ReceiptTicket
      expect(receipt.attestation.length).toBeGreaterThan(0)
      expect(receipt.salt.length).toBeGreaterThanOrEqual(16)
      expect(parseCid(receipt.id).code).toBe(DAG_CBOR)
      expect(await api.receipt(receipt.id)).toMatchObject({
        id: receipt.id,
        body: { kind: 'invoke', gas: receipt.gas },
      })
      const later = await api.invoke('suite-function', { ...request, later: true })
      expect(later.receipt?.attestation.length).toBe(0)
      expect(equalBytes((await api.ipfs(module, '', 'file')).body, component)).toBe(true)
    })

    test.skipIf(model === undefined)('a model: put, describe, infer, receipt', { timeout: 60_000 }, async () => {
      const { onnx, inputs, outputs } = model as NonNullable<typeof model>
      const put = await api.putModel('suite-model', onnx)
      expect(put.devices.length).toBeGreaterThan(0)
      expect(await api.model('suite-model')).toEqual(put)
      expect((await api.models()).map((m) => m.name)).toContain('suite-model')
      const result = await api.infer({ model: 'suite-model', inputs })
      expect(result.model).toBe(put.model)
      expect(result.arithmetic.length).toBeGreaterThan(0)
      expect(result.outputs).toEqual(outputs ?? result.outputs)
      expect(await api.receipt(result.receipt.id)).toMatchObject({ body: { kind: 'infer' } })
    })
  })
}
