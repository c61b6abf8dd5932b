import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, expect, test, vi } from 'vitest'
import { signBatch, validatorOf, type TestValidator } from '../../runtime/consensus/testing/test-kit.ts'
import {
  cidOf,
  encode,
  encodeVerdictRequest,
  formatKey,
  leafEvidenceDigest,
  RAW,
  toBase64,
  verdictMessage,
  type NodeApi,
  type VerdictRequest,
} from '../../runtime/core/index.ts'
import type { VerbContext } from '../verb.ts'
import { chainVerdict } from './chain-verdict.ts'

const folder = mkdtempSync(join(tmpdir(), 'utnet-verdict-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
afterEach(() => vi.unstubAllGlobals())

const VALIDATORS = [validatorOf(1), validatorOf(2), validatorOf(3)]
const chainId = cidOf(RAW, Uint8Array.of(1))
const statement = { thread: 0, first: 0, size: 1, prev: new Uint8Array(32), root: new Uint8Array(32) }
const request: VerdictRequest = {
  target: { anchor: cidOf(RAW, Uint8Array.of(2)), at: 0, ...signBatch(validatorOf(9), chainId, statement), path: [] },
  shown: { index: 0, leaf: Uint8Array.of(1), path: [] },
  evidence: { kind: 'bundle', bytes: Uint8Array.of(3) },
}
const message = verdictMessage(chainId, request.target, request.shown, leafEvidenceDigest(request.evidence))

/** A chain of three validators of one power each, as far as a dry run asks for it. */
const simulatedApi = {
  chain: async () => ({ chainId: chainId.toString() }),
  power: async () => ({
    total: 3,
    members: VALIDATORS.map(({ key, voter }) => ({ node: formatKey(key), vote: toBase64(voter.bls), power: 1 })),
  }),
} as unknown as NodeApi

async function run(bytes: Uint8Array, answers: readonly Readonly<Record<string, unknown>>[]) {
  const file = join(folder, 'file')
  writeFileSync(file, bytes)
  const urls = answers.map((_, i) => `http://v${i}`)
  vi.stubGlobal('fetch', async (url: string) => Response.json(answers[urls.indexOf(new URL(url).origin)]))
  const printed: unknown[] = []
  const said: string[] = []
  const context: VerbContext = {
    args: [],
    flags: { validator: urls, 'dry-run': true },
    json: true,
    node: () => simulatedApi,
    nodeUrl: 'http://node',
    print: (document) => void printed.push(document),
    write: () => {},
    say: (text) => void said.push(text),
  }
  return { code: await chainVerdict(context, file), printed, said }
}

const signed = ({ key, voter }: TestValidator, why: string) => ({
  validator: formatKey(key),
  signature: toBase64(voter.sign(message)),
  why,
})

test('a validator whose answer is no signature stops nobody, and its reason is not told', async () => {
  const [a, b, c] = VALIDATORS as [TestValidator, TestValidator, TestValidator]
  for (const signature of ['not base64!', 7, toBase64(c.voter.sign(Uint8Array.of(1)))]) {
    const { code, printed, said } = await run(encodeVerdictRequest(request), [
      { ...signed(a, 'a lie'), signature },
      signed(b, 'another output'),
      signed(c, 'the same'),
    ])
    expect(code).toBe(0)
    expect(printed).toEqual([expect.objectContaining({ power: 2, total: 3, why: 'another output' })])
    expect(said).toEqual(['http://v0: what it signed does not count'])
  }
})

test.each([[null], [[]], [7], [{ claim: null }], [{ claim: [1] }]])(
  'a file that holds %j is no bundle, no transcript and no request',
  async (value) => {
    await expect(run(encode(value), [])).rejects.toMatchObject({ code: 'usage' })
  },
)
