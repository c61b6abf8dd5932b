/** Deploys the contract that `utnet new` writes and calls it from a program, as the README's first steps do by hand. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
// Outside this repository: 'utnet/client', 'utnet/node' and 'utnet/verify'.
import { createClient } from '../gateway/client/index.ts'
import { buildGuest, reexecute, startDevNode } from '../runtime/node/index.ts'
import { verifyBundle } from '../runtime/verify/index.ts'

const folder = mkdtempSync(join(tmpdir(), 'utnet-hello-'))
const project = join(folder, 'hello')
cpSync(fileURLToPath(new URL('../cli/templates/contract', import.meta.url)), project, { recursive: true })
const settings = join(project, 'utnet.jsonc')
writeFileSync(settings, readFileSync(settings, 'utf8').replace('__NAME__', 'hello'))

const node = await startDevNode({ data: join(folder, 'data'), port: 0 })
try {
  const client = createClient(node.url)
  const { component } = await buildGuest({ dir: project })
  const guest = await client.deploy({ name: 'hello', component })
  console.log(`deployed ${guest.name} as ${guest.module}`)

  // A dev node signs for clients that have no key of their own.
  const { devAccount } = await client.info()
  for (const by of [2, 40]) {
    const { result, gas, height } = await client.call({ name: 'hello', export: 'count', args: [by] })
    console.log(`count(${by}) = ${String(result)} in block ${height}, gas ${gas}`)
  }
  const { result } = await client.query({ name: 'hello', export: 'count-of', args: [devAccount] })
  console.log(`count-of(me) = ${String(result)}`)

  const last = await client.call({ name: 'hello', export: 'count', args: [0] })
  await client.receipt(last.receipt, 30_000)
  const verdict = await verifyBundle(await client.bundle(last.receipt), { trust: [node.genesis], reexecute })
  console.log(`its receipt is ${verdict.valid ? 'valid' : 'not valid'}: ${verdict.checks.length} checks`)
  process.exitCode = verdict.valid ? 0 : 1
} finally {
  await node.close()
  rmSync(folder, { recursive: true, force: true })
}
