import { beforeAll, expect, test } from 'vitest'
import {
  cidOf,
  decode,
  decodeReceipt,
  encode,
  encodeAnswer,
  encodeCommitment,
  LIMITS,
  plainCommitment,
  RAW,
  REQUEST_EVENT,
  tensorHeads,
  utf8,
  type CallBody,
  type CID,
  type NamedTensor,
} from '../../runtime/core/index.ts'
import { VALIDATOR } from '../../runtime/consensus/testing/test-kit.ts'
import { ALICE, contractChain, type ContractChain } from './testing/chain.ts'

const JUDGE = `
import { StorageValue, context, revert } from '@utnet/sdk'
import { Arithmetic, Dtype, NamedTensor, Tensor, requestInference, takeAnswer } from '@utnet/sdk/inference'
const heard = new StorageValue<string>('heard')
export function judge(model: string, pixels: Uint8Array, blocks: u32, gas: u64): u64 {
  return requestInference(model, [new NamedTensor('x', new Tensor(Dtype.u8, [1, <u32>pixels.length], pixels))], 'judged', Arithmetic.exact, blocks, gas)
}
export function judged(request: u64, answer: Uint8Array): void {
  const outcome = takeAnswer(answer)
  if (!outcome.isOk) { heard.set(request.toString() + ': ' + outcome.error); return }
  const y = outcome.outputs[0]
  if (y.value.f32[0] < 0) revert('a bad sign')
  heard.set(request.toString() + ': ' + y.name + ' ' + y.value.f32[0].toString() + ' by ' + outcome.arithmetic + ' ' + outcome.commitment.length.toString())
}
export function deaf(): u64 { return requestInference('m', [], 'last') }
export function mistaken(): u64 { return requestInference('m', [], 'nobodyIsThere') }
export function last(): string { return heard.get() }
`

const MODEL = cidOf(RAW, utf8('a model'))
const ARITHMETIC = 'exact:test'
const inputs = (pixels: Uint8Array): NamedTensor[] => [{ name: 'x', dtype: 'u8', shape: [1, pixels.length], data: pixels }]
const outputs = (y: number): NamedTensor[] => [{ name: 'y', dtype: 'f32', shape: [1], data: new Uint8Array(Float32Array.of(y).buffer) }]

interface Told {
  readonly model?: CID
  readonly arithmetic?: string
  /** What is handed over in place of what was committed to. */
  readonly y?: number
}

const answerOf = (pixels: Uint8Array, y: number, { model = MODEL, arithmetic = ARITHMETIC, y: other = y }: Told = {}): Uint8Array => {
  const commitment = plainCommitment(model, arithmetic, tensorHeads(inputs(pixels)), tensorHeads(outputs(y)))
  return encodeAnswer({ kind: 'outputs', commitment, outputs: outputs(other) })
}

let c: ContractChain
beforeAll(async () => {
  c = await contractChain()
  await c.fund(VALIDATOR)
  await c.publish('judge', JUDGE)
})

const PIXELS = Uint8Array.of(1, 2, 3)
const ask = async (model = MODEL.toString(), blocks = 20, gas = 5_000_000n): Promise<bigint> =>
  BigInt((await c.ok('judge', 'judge', model, PIXELS, blocks, gas)) as number)

test('U5.6-TEN-1: the chain records what a contract asks, an answer closes it, and the callback goes on with outputs and commitment', async () => {
  const before = await c.call('judge', 'judge', [MODEL.toString(), PIXELS, 20, 5_000_000n])
  expect(before).toMatchObject({ status: 'ok' })
  const number = BigInt(before.result as number)
  expect(before.gas).toBeGreaterThan(5_000_000n)
  expect(before.events.map((e) => [e.name, decode(e.data, 'event')])).toEqual([
    [REQUEST_EVENT, { deadline: expect.any(Number), model: MODEL.toString(), request: Number(number) }],
  ])
  expect(c.openRequest('judge', number)).toMatchObject({
    model: MODEL.toString(),
    arithmetic: 'exact',
    callback: 'judged',
    gas: 5_000_000n,
  })
  const outcome = await c.answer('judge', number, answerOf(PIXELS, 0.5))
  expect(outcome).toMatchObject({ status: 'ok', kind: 'answer' })
  const size = encodeCommitment(plainCommitment(MODEL, ARITHMETIC, tensorHeads(inputs(PIXELS)), tensorHeads(outputs(0.5)))).length
  expect(await c.ask('judge', 'last')).toBe(`${number}: y 0.5 by ${ARITHMETIC} ${size}`)
  expect(c.openRequest('judge', number)).toBeUndefined()
  const body = decodeReceipt(c.chain.receiptAt(outcome.receipt as never).bodyBytes) as CallBody
  expect(body).toMatchObject({ kind: 'call', entry: 'judged', status: 'ok' })
  expect(body.models.map((m) => [m.model.toString(), m.arithmetic])).toEqual([[MODEL.toString(), ARITHMETIC]])
  const witness = c.witnesses.at(-1)
  expect([witness?.caller, witness?.gasLimit]).toEqual([c.address('judge'), 5_000_000n])
  // told once
  expect(await c.answer('judge', number, answerOf(PIXELS, 0.5))).toMatchObject({
    status: 'refused',
    message: `the contract has no open request ${number}`,
  })
})

test('the callback is paid by who asked: the sender of the answer pays for the transaction alone', async () => {
  const number = await ask()
  const [balance, burnt] = [c.chain.account(VALIDATOR.address).balance, c.chain.burnt()]
  const outcome = await c.answer('judge', number, answerOf(PIXELS, 1))
  const paid = balance - c.chain.account(VALIDATOR.address).balance
  expect(paid).toBe(c.chain.burnt() - burnt)
  expect(paid).toBeLessThan(outcome.gas * c.chain.params.baseFee)
  const tight = await ask()
  expect(await c.answer('judge', tight, answerOf(PIXELS, 1), { gasLimit: 4_000_000n })).toMatchObject({
    status: 'refused',
    message: expect.stringContaining('the gas limit must leave 5000000 for the callback') as string,
  })
})

test('refusals and time-outs reach the callback', async () => {
  const number = await ask()
  await c.answer('judge', number, encodeAnswer({ kind: 'refused', message: 'the shape is wrong' }))
  expect(await c.ask('judge', 'last')).toBe(`${number}: the shape is wrong`)
  const late = await ask(MODEL.toString(), 2)
  expect(await c.answer('judge', late, encodeAnswer({ kind: 'expired' }))).toMatchObject({ status: 'refused' })
  await c.ok('judge', 'judge', 'other', PIXELS, 2, 1n)
  expect(await c.answer('judge', late, answerOf(PIXELS, 1))).toMatchObject({
    status: 'refused',
    message: expect.stringContaining('was open until'),
  })
  // anybody may say that the time is over
  expect(await c.answer('judge', late, encodeAnswer({ kind: 'expired' }), { user: ALICE })).toMatchObject({ status: 'ok' })
  expect(await c.ask('judge', 'last')).toBe(`${late}: expired`)
})

test('a callback that fails leaves the request closed and the state as it was', async () => {
  const number = await ask()
  const last = await c.ask('judge', 'last')
  expect(await c.answer('judge', number, answerOf(PIXELS, -1))).toMatchObject({ status: 'refused', message: 'a bad sign' })
  expect(await c.ask('judge', 'last')).toBe(last)
  expect(c.openRequest('judge', number)).toBeUndefined()
  const poor = await ask(MODEL.toString(), 20, 1_000n)
  expect(await c.answer('judge', poor, answerOf(PIXELS, 1))).toMatchObject({ status: 'out-of-gas' })
  expect(c.openRequest('judge', poor)).toBeUndefined()
})

test('what is no answer to the request is refused, and the request stays open', async () => {
  const number = await ask()
  const refused = async (answer: Uint8Array, text: string): Promise<void> => {
    const outcome = await c.answer('judge', number, answer)
    expect(outcome).toMatchObject({ status: 'refused' })
    expect(outcome.message).toContain(text)
  }
  await refused(answerOf(PIXELS, 1, { arithmetic: 'bounded:x' }), 'asks for exact arithmetic')
  await refused(answerOf(Uint8Array.of(9), 1), 'commitment')
  await refused(answerOf(PIXELS, 1, { y: 2 }), 'commitment')
  await refused(answerOf(PIXELS, 1, { model: cidOf(RAW, utf8('another')) }), 'names the model')
  await refused(encode([3]), 'no known kind')
  await refused(Uint8Array.of(1, 2, 3), '')
  const outcome = await c.answer('judge', number, answerOf(PIXELS, 1), { user: ALICE })
  expect(outcome).toMatchObject({ status: 'refused', message: 'only the account of a registered node answers' })
  expect(c.openRequest('judge', number)).toBeDefined()
  expect(await c.answer('judge', 99_999n, answerOf(PIXELS, 1))).toMatchObject({ status: 'refused' })
})

test('nobody but the chain may call the callback', async () => {
  expect(await c.call('judge', 'judged', [1n, answerOf(PIXELS, 1)])).toMatchObject({
    status: 'refused',
    message: 'only the chain answers a request',
  })
})

test('a request must name an export that can take its answer', async () => {
  expect(await c.call('judge', 'deaf')).toMatchObject({ status: 'trap', message: expect.stringContaining('no export last that takes') })
  expect(await c.call('judge', 'mistaken')).toMatchObject({ status: 'trap', message: expect.stringContaining('nobody-is-there') })
})

test('limits of a request, at the limit and one over', async () => {
  const tries = async (blocks: number, gas: bigint, pixels = PIXELS): Promise<string> =>
    (await c.call('judge', 'judge', ['m', pixels, blocks, gas])).status
  expect(await tries(LIMITS.requestBlocks, 1n)).toBe('ok')
  expect(await tries(LIMITS.requestBlocks + 1, 1n)).toBe('trap')
  expect(await tries(0, 1n)).toBe('trap')
  const head = encode([['x', 'u8', [1, LIMITS.requestBytes - 30], new Uint8Array(LIMITS.requestBytes - 30)]]).length - LIMITS.requestBytes
  const most = LIMITS.requestBytes - 30 - head
  expect(await tries(1, 1n, new Uint8Array(most))).toBe('ok')
  expect(await tries(1, 1n, new Uint8Array(most + 1))).toBe('trap')
})
