/** The data folder: one node at a time, none of a newer version, and the same chain after a restart. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { startDevNode } from '../../runtime/node/index.ts'
import type { UtnetError } from '../../runtime/core/index.ts'
import { damageRow } from '../sim/disk/damage-row.ts'
import { startNode, temporaryFolder, ticketOf } from './kit/node.ts'

const folders: string[] = []
const fresh = (): string => {
  const folder = temporaryFolder()
  folders.push(folder)
  return folder
}
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

test('a folder in use by another node is refused by name, and the first goes on', async () => {
  const data = fresh()
  const first = await startNode(['probe'], { data })
  await expect(startDevNode({ data, port: 0 })).rejects.toMatchObject({
    code: 'data_locked',
    message: expect.stringContaining(data) as string,
  })
  expect(await (await fetch(`${first.url}/fn/probe/a`)).text()).toBe('/a')
  await first.stop()
  const second = await startNode([], { data })
  expect(await (await fetch(`${second.url}/fn/probe/b`)).text()).toBe('/b')
  await second.stop()
})

test('a folder of a newer or older version is left alone', async () => {
  const data = fresh()
  await (await startNode([], { data })).stop()
  for (const version of [5, 3]) {
    writeFileSync(join(data, 'format'), `${version}\n`)
    const before = readdirSync(data, { recursive: true }).sort()
    await expect(startDevNode({ data, port: 0 })).rejects.toMatchObject({
      code: 'data_version',
      message: expect.stringContaining(`format ${version}`) as string,
    })
    expect(readdirSync(data, { recursive: true }).sort()).toEqual(before)
    expect(readFileSync(join(data, 'format'), 'utf8')).toBe(`${version}\n`)
  }
  writeFileSync(join(data, 'format'), 'nonsense')
  await expect(startDevNode({ data, port: 0 })).rejects.toMatchObject({ code: 'data_corrupt' })
})

test('a chain under other keys than those that began it is refused before it says that it is ready, and goes on under its own', async () => {
  const data = fresh()
  await (await startNode([], { data })).stop()
  const keys = join(data, 'keys', 'node.json')
  const own = readFileSync(keys, 'utf8')
  rmSync(keys)
  const refused = { code: 'data_corrupt', hint: expect.stringContaining('keys/node.json') as string }
  await expect(startDevNode({ data, port: 0 })).rejects.toMatchObject(refused)
  const { identity, vote } = JSON.parse(own) as Record<string, string>
  for (const other of [{ identity: vote }, { vote: identity }]) {
    writeFileSync(keys, JSON.stringify({ ...JSON.parse(own), ...other }))
    await expect(startDevNode({ data, port: 0 })).rejects.toMatchObject(refused)
  }
  writeFileSync(keys, own)
  await (await startNode([], { data })).stop()
})

test('a folder that cannot be made is refused by name', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'utnet-e2e-file-')), 'file')
  folders.push(join(file, '..'))
  writeFileSync(file, 'in the way')
  await expect(startDevNode({ data: join(file, 'data'), port: 0 })).rejects.toMatchObject({
    code: 'disk_failed',
    message: expect.stringContaining(file) as string,
  })
})

test('after a restart everything is there: chain, guests, state, receipts and their bundles', async () => {
  const data = fresh()
  const first = await startNode(['probe', 'ledger'], { data })
  const call = await first.api.call({ name: 'ledger', export: 'post', args: [{ label: 'kept', amount: '4' }, 2] })
  const answer = await fetch(`${first.url}/fn/probe/kept`)
  const { id } = ticketOf(answer)
  await first.api.receipt(id, 20_000)
  const told = {
    info: await first.api.info(),
    guests: await first.api.guests(),
    receipt: await first.api.receipt(id),
    bundle: await first.api.bundle(id),
  }
  const { height, hash } = await first.api.chain()
  await first.stop()

  const second = await startNode([], { data })
  expect(await second.api.info()).toEqual(told.info)
  expect(await second.api.guests()).toEqual(told.guests)
  expect(await second.api.receipt(id)).toEqual(told.receipt)
  expect(Buffer.from(await second.api.bundle(id)).equals(told.bundle)).toBe(true)
  expect((await second.api.block(height)).hash).toBe(hash)
  expect((await second.api.receipt(call.receipt)).anchor).toMatchObject({ height: call.height })
  expect((await second.api.query({ name: 'ledger', export: 'amount-of', args: ['kept'] })).result).toBe('8')
  // Numbers go on where they stood.
  const next = ticketOf(await fetch(`${second.url}/fn/probe/next`)).id
  expect((await second.api.receipt(next)).body['seq']).toBe(Number(told.receipt.body['seq']) + 1)
  await second.stop()
})

test('a block that the disk damaged is told when the node starts and whenever it is asked for; the node goes on', async () => {
  const data = fresh()
  const first = await startNode(['ledger'], { data })
  const post = (node: typeof first) => node.api.call({ name: 'ledger', export: 'post', args: [{ label: 'kept', amount: '4' }, 1] })
  const { height } = await post(first)
  await post(first)
  await first.stop()
  await damageRow(join(data, 'chain', 'kv'), 't', height)

  const told: UtnetError[] = []
  const second = await startNode([], { data, onDamage: (error) => told.push(error) })
  expect(told).toMatchObject([{ code: 'data_corrupt', details: { height } }])
  await expect(second.api.block(height)).rejects.toMatchObject({
    code: 'data_corrupt',
    message: expect.stringContaining(`of block ${height} are damaged`) as string,
    hint: expect.stringContaining('restore the data folder from a copy') as string,
  })
  expect((await second.api.block(height + 1)).height).toBe(height + 1)
  await post(second)
  expect((await second.api.query({ name: 'ledger', export: 'amount-of', args: ['kept'] })).result).toBe('12')
  await second.stop()
})
