import { expect, test } from 'vitest'
import { rollupEnds, type BundleRoot, type Header, type RunBody, type ThreadRecord } from '../core/index.ts'
import { verifyBundle } from './index.ts'
import { checkRollup } from './run.ts'
import { callParts, invokeParts, threadShown, write, type Parts } from './testing/bundles.ts'
import { certify, genesis, headerAfter } from './testing/chain.ts'

const invoke = invokeParts()
const run = invoke.body as RunBody
const root = invoke.attestation?.batch.root as Uint8Array

async function rollup(parts: Parts): Promise<readonly [ok: boolean | undefined, detail: string | undefined, valid: boolean]> {
  const { checks, valid } = await verifyBundle(write(parts), { trust: [genesis] })
  const check = checks.find((c) => c.name === 'rollup')
  return [check?.ok, check?.detail, valid]
}

/** The bundle with the record of a later block. */
function later(record: ThreadRecord, batch: Parts = invoke): Parts {
  const shown = threadShown(run.node, run.thread, record)
  const header = headerAfter(batch.anchorHeader, { state: { ...batch.anchorHeader.state, offchain: shown.root } })
  return { ...batch, rollup: { header, certificate: certify(header), record: shown.record, proof: shown.proof } }
}

test('U3.3-ROL-1 a bundle says that its batch is open, and until when', async () => {
  const open = `open at block 3: it can be refuted until block ${rollupEnds(3).open}`
  expect(await rollup(invoke)).toEqual([true, open, true])
  expect((await rollup(later({ next: 40, root, closed: null })))[1]).toMatch(/^open at block 4/)
  expect(await rollup(callParts())).toEqual([true, 'none: a call is in no batch', true])
})

test('U3.3-ROL-1 a receipt of a refuted batch, or of one behind it, fails by the check rollup; one before it holds', async () => {
  for (const next of [0, run.seq - 2, run.seq]) {
    const [ok, detail, valid] = await rollup(later({ next, root, closed: 4 }))
    expect([ok, valid]).toEqual([false, false])
    expect(detail).toBe(`refuted: receipts of this thread from number ${next} on are void since block 4`)
  }
  expect((await rollup(later({ next: run.seq + 1, root, closed: 4 })))[0]).toBe(true)
  // the block that anchors cannot know of the number yet: such a record is of no honest chain
  expect((await rollup(later({ next: run.seq, root, closed: null })))[1]).toMatch(/ends before number/)
})

test('U3.3-ROL-1 above the window, and the time of an answer asked for at its end, it is settled', () => {
  const shown = threadShown(run.node, run.thread, { next: 40, root, closed: null })
  const at = (height: number): Header => ({ ...invoke.anchorHeader, height, state: { ...invoke.anchorHeader.state, offchain: shown.root } })
  const part: BundleRoot['rollup'] = { block: { header: run.module, certificate: run.module }, record: shown.record, proof: shown.proof }
  const { answered } = rollupEnds(3)
  expect(checkRollup(run, part, 3, at(answered))[1]).toMatch(/^open/)
  expect(checkRollup(run, part, 3, at(answered + 1))[1]).toMatch(/^settled at block/)
  expect(() => checkRollup(run, part, 3, at(2))).toThrow(/older than the anchor/)
  expect(() => checkRollup(run, part, 3, { ...at(9), state: invoke.anchorHeader.state })).toThrow(/not in the state/)
  expect(() => checkRollup(run, null, 3, at(9))).toThrow(/not shown/)
  expect(() => checkRollup(callParts().body, part, 3, at(9))).toThrow(/in no batch/)
})
