import { expect, test } from 'vitest'
import { equalBytes } from '../codec/index.ts'
import { checkIsolation, HARDWARE_CLASSES, quoteSubject, type IsolationClaim, type IsolationVerifier } from './isolation.ts'

const NODE = new Uint8Array(32).fill(1)
const CHALLENGE = new Uint8Array(32).fill(2)
const SUBJECT = quoteSubject(NODE, CHALLENGE)
const QUOTE = new Uint8Array([1, 2, 3])

/** Confirms one quote over one subject, as a back-end would. */
const simulatedVerifier = (of: IsolationVerifier['class']): IsolationVerifier => ({
  class: of,
  verify: async (quote, subject) => equalBytes(quote, QUOTE) && equalBytes(subject, SUBJECT),
})

test('U2.2-VIE-1: four classes of hardware can be claimed, and none is believed without a back-end of that very class', async () => {
  expect(HARDWARE_CLASSES).toEqual(['sgx', 'arm-trustzone', 'mips-trustzone', 'riscv-pmp'])
  for (const name of HARDWARE_CLASSES) {
    const claim = { class: name, quote: QUOTE }
    expect(await checkIsolation(claim, SUBJECT)).toMatchObject({ ok: false })
    const others = HARDWARE_CLASSES.filter((c) => c !== name).map(simulatedVerifier)
    expect(await checkIsolation(claim, SUBJECT, others)).toMatchObject({ ok: false })
    expect(await checkIsolation(claim, SUBJECT, [...others, simulatedVerifier(name)])).toMatchObject({ ok: true })
    expect(await checkIsolation({ class: name, quote: new Uint8Array([9]) }, SUBJECT, [simulatedVerifier(name)])).toMatchObject({
      ok: false,
    })
  }
})

test('a quote serves one node and one challenge', async () => {
  const claim = { class: 'sgx', quote: QUOTE } as const
  for (const subject of [quoteSubject(CHALLENGE, CHALLENGE), quoteSubject(NODE, NODE)])
    expect(await checkIsolation(claim, subject, [simulatedVerifier('sgx')])).toMatchObject({ ok: false })
})

test('software is a class of its own and needs no quote; what is no class is refused', async () => {
  expect(await checkIsolation({ class: 'wasm-software' }, SUBJECT)).toMatchObject({ ok: true })
  expect(await checkIsolation({ class: 'tpu' } as unknown as IsolationClaim, SUBJECT)).toMatchObject({ ok: false })
  expect(() => quoteSubject(new Uint8Array(31), CHALLENGE)).toThrow(expect.objectContaining({ code: 'core_bad_argument' }))
})
