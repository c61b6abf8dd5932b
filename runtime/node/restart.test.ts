/** A node that begins again on the folder that another left. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createClient } from '../../gateway/client/index.ts'
import { buildText } from '../host/build/testing/guests.ts'
import { startDevNode } from './dev-node.ts'

const BANK = `
import { StorageValue } from '@utnet/sdk'
const held = new StorageValue<u64>('held')
export function put(amount: u64): u64 { held.set(held.get() + amount); return held.get() }
`
const SHOP = `
import { Contract } from '@utnet/sdk'
declare class Bank extends Contract { put(amount: u64): u64 }
export function buy(): u64 { return new Bank('bank').put(5) }
export function twice(): u64 { return new Bank('bank').put(1) + new Bank('bank').put(1) }
`

test('a contract that another one calls runs on a node that began anew, in the first block and at the same gas', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'utnet-restart-'))
  const start = async () => {
    const node = await startDevNode({ data: folder, port: 0, threads: 0 })
    return { node, api: createClient(node.url) }
  }
  const first = await start()
  for (const [name, text] of [
    ['bank', BANK],
    ['shop', SHOP],
  ] as const) {
    const { component } = await buildText('contract', { 'index.ts': text }, name)
    await first.api.deploy({ name, component })
  }
  await first.api.call({ name: 'shop', export: 'buy', args: [] })
  const before = await first.api.call({ name: 'shop', export: 'buy', args: [] })
  await first.node.close()

  const again = await start()
  try {
    // the query makes the one ready, and nothing the other but the block itself or the warming behind it
    const call = await again.api.call({ name: 'shop', export: 'buy', args: [] })
    expect(call).toMatchObject({ status: 'ok', result: '15', gas: before.gas })
    expect((await again.api.query({ name: 'bank', export: 'put', args: ['1'] }).catch((error: unknown) => error)) as object).toMatchObject({
      code: 'query_write',
    })
    expect(await again.api.call({ name: 'shop', export: 'twice', args: [] })).toMatchObject({ status: 'ok', result: '33' })
  } finally {
    await again.node.close()
    rmSync(folder, { recursive: true, force: true })
  }
}, 60_000)
