/** Two contracts, one of which calls the other, and an upgrade that keeps its state; the receipt of the call is checked by running both again. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
// Outside this repository: 'utnet/client', 'utnet/node' and 'utnet/verify'.
import { createClient } from '../gateway/client/index.ts'
import { buildGuest, reexecute, startDevNode } from '../runtime/node/index.ts'
import { verifyBundle } from '../runtime/verify/index.ts'

const source = (name: string): string => fileURLToPath(new URL(`../guest/contracts/${name}`, import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'utnet-two-'))
const node = await startDevNode({ data: join(folder, 'data'), port: 0 })
try {
  const client = createClient(node.url)
  const deploy = async (name: string, from = name): Promise<void> => {
    const { component } = await buildGuest({ dir: source(from) })
    await client.deploy({ name, component })
  }
  const call = (name: string, entry: string, ...args: unknown[]) => client.call({ name, export: entry, args })
  await deploy('ledger')
  await deploy('shop')

  // A dev node signs for clients that have no key of their own.
  const { devAccount } = await client.info()
  await call('ledger', 'mint', (await client.guest('shop')).address, '1000')
  await call('shop', 'allow', devAccount, '300')

  const drawn = await call('shop', 'draw', '250')
  console.log(`draw(250) left the shop ${String(drawn.result)}, ${drawn.events.length} event, gas ${drawn.gas}`)
  const refused = await call('shop', 'draw', '100')
  console.log(`draw(100) is ${refused.status}: ${refused.message}`)

  await deploy('shop', 'shop-next')
  const query = async (entry: string, ...args: unknown[]) => String((await client.query({ name: 'shop', export: entry, args })).result)
  console.log(`${await query('note')}; credit is still ${await query('credit', devAccount)}`)

  await client.receipt(drawn.receipt, 30_000)
  const verdict = await verifyBundle(await client.bundle(drawn.receipt), { trust: [node.genesis], reexecute })
  console.log(`the receipt is ${verdict.valid ? 'valid' : 'not valid'}: both contracts ran again`)
  process.exitCode = verdict.valid ? 0 : 1
} finally {
  await node.close()
  rmSync(folder, { recursive: true, force: true })
}
