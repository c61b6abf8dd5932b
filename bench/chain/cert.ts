/** Checking a certificate of 1,000 seats: by blst, by noble in Node, and by noble in a real browser where there is one. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import { verifyFile } from '../../packaging/verify-file.ts'
import { headerHash, precommitMessage, toHex } from '../../runtime/core/index.ts'
import * as portable from '../../runtime/crypto/index.ts'
import * as native from '../../runtime/crypto/native.ts'
import { median, rowOf, type Row } from '../row.ts'
import { SEATS, seatsChain, SIGNERS } from './seats.ts'

const ROUNDS = 15
const CHROMIUM = '/usr/bin/chromium'

interface Task {
  readonly signature: Uint8Array
  readonly message: Uint8Array
  readonly keys: readonly Uint8Array[]
}

function timed(work: () => boolean): number {
  const begun = performance.now()
  if (!work()) throw new Error('a true certificate was refused')
  return performance.now() - begun
}

/** The same in a page; undefined where there is no browser. */
async function inBrowser(task: Task): Promise<{ readonly cold: number; readonly warm: readonly number[] } | undefined> {
  if (!existsSync(CHROMIUM)) return undefined
  const script = await verifyFile('iife', 'bench/chain/cert-page.ts')
  const server = createServer((_request, response) =>
    response.setHeader('content-type', 'text/html').end(`<!doctype html><script>${script}</script>`),
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const profile = mkdtempSync(join(tmpdir(), 'utnet-bench-browser-'))
  const browser = await chromium.launchPersistentContext(profile, {
    executablePath: CHROMIUM,
    headless: true,
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'],
  })
  try {
    const page = await browser.newPage()
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
    const text = JSON.stringify([toHex(task.signature), toHex(task.message), task.keys.map(toHex), ROUNDS])
    return (await page.evaluate(`verify.times(...${text})`)) as { cold: number; warm: number[] }
  } finally {
    await browser.close()
    server.close()
    rmSync(profile, { recursive: true, force: true })
  }
}

export async function certRows(emit: (row: Row) => void): Promise<void> {
  native.useNativeHashes()
  const { chain, certificateOf } = seatsChain()
  const header = chain.headerAtUncertified(1)
  const task: Task = {
    signature: certificateOf(1).signature,
    message: precommitMessage(chain.chainId, 1, header.round, headerHash(header)),
    keys: chain
      .setAt(1)
      .slice(0, SIGNERS)
      .map((v) => v.bls),
  }
  const check = (crypto: Pick<typeof native, 'blsFastAggregateVerify'>): number =>
    timed(() => crypto.blsFastAggregateVerify(task.signature, task.message, task.keys))
  const cold = { native: check(native), noble: check(portable) }
  for (let i = 0; i < 3; i++) check(portable)
  const values = { native: [] as number[], noble: [] as number[] }
  for (let i = 0; i < ROUNDS; i++) {
    values.native.push(check(native))
    values.noble.push(check(portable))
  }
  const browser = await inBrowser(task)
  const of = (name: string, c: number, warm: readonly number[]): string =>
    `${name}: ${median(warm).toFixed(1)} ms, cold ${c.toFixed(0)} ms (every key decoded and its subgroup checked)`
  const lines = [of('blst', cold.native, values.native), of('noble in Node', cold.noble, values.noble)]
  lines.push(
    browser === undefined
      ? `noble in a browser: not measured, there is no ${CHROMIUM}`
      : of('noble in Chromium', browser.cold, browser.warm),
  )
  process.stderr.write(`certificate of ${SEATS} seats, ${SIGNERS} signers: ${lines.join('; ')}\n`)
  const what = `certificate of ${SEATS} seats by ${SIGNERS} signers, keys decoded`
  emit(rowOf('chain', { id: 'chain.cert.native-ms', row: `${what}, blst`, unit: 'ms', values: values.native, atMost: 10 }))
  // the browser's figure where there is a browser: the bar is for one
  emit(
    rowOf('chain', {
      id: 'chain.cert.noble-ms',
      row: `${what}, pure noble ${browser === undefined ? 'in Node' : 'in Chromium'}`,
      unit: 'ms',
      values: browser?.warm ?? values.noble,
      atMost: 250,
    }),
  )
}
