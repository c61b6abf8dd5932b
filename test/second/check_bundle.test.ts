/**
 * The light client once more, in another language and from docs/spec alone: what the two believe is the same. Slow (the pairing is Python too), so only with SECOND_TEST=1
 * (`npm run -s test:second`).
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { encodeGenesis, encodeHeader, headerHash, powerDelta, type Header } from '../../runtime/core/index.ts'
import { verifyBundle } from '../../runtime/verify/index.ts'
import { callParts, invokeParts, write, type Parts } from '../../runtime/verify/testing/bundles.ts'
import { genesis as standing, turning } from '../../runtime/verify/testing/chain.ts'

const PROGRAM = fileURLToPath(new URL('check_bundle.py', import.meta.url))
const asked = process.env['SECOND_TEST'] === '1'
const missing = (): boolean => spawnSync('python3', ['-c', 'import py_ecc.bls']).status !== 0
const SKIPPED = !asked ? '(skipped without SECOND_TEST=1)' : missing() ? '(skipped: no python3 with py_ecc; pip install py_ecc)' : ''

const folder = mkdtempSync(join(tmpdir(), 'utnet-second-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** What the other implementation says of a file: its findings, or why it believes nothing. */
function second(genesis: Uint8Array, bundle: Uint8Array): { readonly holds: boolean; readonly said: string } {
  writeFileSync(join(folder, 'genesis'), genesis)
  writeFileSync(join(folder, 'bundle.car'), bundle)
  const { status, stdout, stderr } = spawnSync('python3', [PROGRAM, join(folder, 'genesis'), join(folder, 'bundle.car')], {
    encoding: 'utf8',
  })
  if (status !== 0 && !stderr.startsWith('does not hold')) throw new Error(stderr)
  return { holds: status === 0, said: status === 0 ? stdout : stderr }
}

/** A run's receipt, anchored in the second epoch of a chain whose set is another in each. */
function turned(): Parts {
  const one = turning.headerAfter(null)
  const two = turning.headerAfter(one)
  const step = { header: two, certificate: turning.certify(two), delta: powerDelta(turning.setAt(2), turning.setAt(3)) }
  return invokeParts({ on: { chain: turning, first: one, second: two, epochs: [step] } })
}

test.skipIf(SKIPPED !== '')(
  `a bundle with an epoch chain, and one of a call: both implementations take them ${SKIPPED}`,
  { timeout: 120_000 },
  async () => {
    const parts = turned()
    const file = write(parts)
    expect((await verifyBundle(file, { trust: [turning.genesis] })).valid).toBe(true)
    expect(second(encodeGenesis(turning.genesis), file)).toEqual({
      holds: true,
      said: expect.stringMatching(
        /^chain: 3 members with 4 power\nepochs: 1 steps\nfinal: blocks 1 and 3, by 3 power\nattestation: number 12, /,
      ) as string,
    })
    const call = write(callParts())
    expect((await verifyBundle(call, { trust: [standing] })).valid).toBe(true)
    expect(second(encodeGenesis(standing), call).said).toMatch(/anchor: block \d+\n$/)
  },
)

test.skipIf(SKIPPED !== '')(
  `what one refuses, the other refuses: too little power, another block, set, place, path or chain ${SKIPPED}`,
  { timeout: 120_000 },
  async () => {
    const good = turned()
    const [step] = good.epochs as [(typeof good.epochs)[number]]
    const header: Header = { ...good.anchorHeader, time: good.anchorHeader.time + 1 }
    const bad: readonly (readonly [string, Parts])[] = [
      ['another header', { ...good, anchorHeader: header }],
      ['power of a half', { ...good, anchorCertificate: turning.certify(good.anchorHeader, [0]) }],
      ['the set of before', { ...good, epochs: [{ ...step, delta: powerDelta(turning.setAt(2), turning.setAt(2)) }] }],
      ['no step', { ...good, epochs: [] }],
      ['another path', { ...good, anchor: { ...good.anchor, index: 0 } }],
      ['another batch', { ...good, attestation: good.attestation && { ...good.attestation, index: 1 } }],
      ['another signature', { ...good, attestation: good.attestation && { ...good.attestation, sig: new Uint8Array(64).fill(7) } }],
    ]
    const genesis = encodeGenesis(turning.genesis)
    for (const [what, parts] of bad) {
      const file = write(parts)
      expect([what, (await verifyBundle(file, { trust: [turning.genesis] })).valid, second(genesis, file).holds]).toEqual([
        what,
        false,
        false,
      ])
    }
    expect(second(encodeGenesis(standing), write(good)).holds).toBe(false)
  },
)

test.skipIf(SKIPPED !== '')(`a header hashes to the same ${SKIPPED}`, () => {
  const header = turning.headerAfter(null)
  const hex = Buffer.from(encodeHeader(header)).toString('hex')
  const script = `import check_bundle as c; print(c.header_of(bytes.fromhex("${hex}"))[1].hex())`
  const out = execFileSync('python3', ['-c', script], { cwd: fileURLToPath(new URL('.', import.meta.url)), encoding: 'utf8' })
  expect(out.trim()).toBe(Buffer.from(headerHash(header)).toString('hex'))
})
