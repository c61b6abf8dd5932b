/** A sealed guest rests and travels encrypted, runs on the node that it is sealed for, and nowhere else (U2.1-ISE-1). */
import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { fileCid, parseChipKey, parseCid, PROTOCOL, readBundleFile, readFile } from '../../runtime/core/index.ts'
import { replayBundle, sealGuest } from '../../runtime/node/index.ts'
import { component } from './kit/guests.ts'
import { startNode, temporaryFolder, ticketOf, type RealNode } from './kit/node.ts'

const data = temporaryFolder()
afterAll(() => rmSync(data, { recursive: true, force: true }))

const random = (n: number): Uint8Array => Uint8Array.from(randomBytes(n))

async function sealedFor(node: RealNode, plain: Uint8Array): Promise<Uint8Array> {
  const { chipKey, chainId } = await node.api.info()
  return sealGuest({ component: plain, world: 'function', chips: [parseChipKey(chipKey)], chain: parseCid(chainId, 'chain id'), random })
}

test('a sealed function is deployed, invoked and anchored like any other; its component is on no disk and in no bundle (U2.1-ISE-1)', async () => {
  const plain = await component('probe')
  const node = await startNode([], { data })
  const sealed = await sealedFor(node, plain)
  const deployed = await node.api.deploy({ name: 'secret', component: sealed })
  expect(deployed).toMatchObject({ name: 'secret', world: 'function', module: fileCid(sealed).toString() })

  const response = await fetch(`${node.url}/fn/secret/hello`, { method: 'POST', body: 'in the open' })
  expect(response.status).toBe(200)
  expect(await response.text()).toContain('in the open')
  const { id } = ticketOf(response)
  const receipt = await node.api.receipt(id, 20_000)
  expect(receipt.body).toMatchObject({ module: fileCid(sealed).toString(), protocol: PROTOCOL })

  const bundle = await node.api.bundle(id)
  const { root, get } = readBundleFile(bundle)
  expect(readFile(root.module, get)).toEqual(sealed)
  // Whoever has no chip can check all but the run itself
  await expect(replayBundle(bundle)).rejects.toMatchObject({ code: 'seal_not_authorised' })

  await node.stop()
  const inside = plain.subarray(2_000, 2_064)
  expect(Buffer.from(plain).includes(inside)).toBe(true)
  const files = readdirSync(data, { recursive: true, withFileTypes: true }).filter((e) => e.isFile())
  expect(files.length).toBeGreaterThan(3)
  for (const file of files) expect(readFileSync(join(file.parentPath, file.name)).includes(inside), file.name).toBe(false)
  expect(files.some((file) => readFileSync(join(file.parentPath, file.name)).includes(sealed.subarray(sealed.length - 64)))).toBe(true)

  // The node that it was sealed for opens it again after a restart
  const again = await startNode([], { data })
  try {
    expect((await fetch(`${again.url}/fn/secret/hello`)).status).toBe(200)
  } finally {
    await again.close()
  }
})

test('another node, a changed byte and a sealed contract are refused at the door, and nothing is published (U2.1-ISE-1)', async () => {
  const plain = await component('probe')
  const [node, other] = [await startNode([]), await startNode([])]
  try {
    const sealed = await sealedFor(node, plain)
    await expect(other.api.deploy({ name: 'secret', component: sealed })).rejects.toMatchObject({
      code: 'seal_not_authorised',
      status: 403,
    })
    const changed = sealed.map((byte, i) => (i === sealed.length - 100 ? byte ^ 1 : byte))
    await expect(node.api.deploy({ name: 'secret', component: changed })).rejects.toMatchObject({ code: 'seal_broken', status: 400 })
    const { chipKey } = await node.api.info()
    const wrong = await sealGuest({ component: await component('token'), world: 'function', chips: [parseChipKey(chipKey)], random })
    await expect(node.api.deploy({ name: 'secret', component: wrong })).rejects.toMatchObject({ code: 'guest_world' })
    expect(await node.api.guests()).toEqual([])
    expect(await other.api.guests()).toEqual([])
  } finally {
    await node.close()
    await other.close()
  }
})
