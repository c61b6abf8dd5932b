/** From an empty folder to a verified call, by the published command. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { run, startDev, type Ran, type RunOptions } from '../../cli/testing/run.ts'

async function ok(command: readonly string[], args: readonly string[], options: RunOptions): Promise<Ran> {
  const ran = await run(command, args, options)
  if (ran.code !== 0) throw new Error(`utnet ${args.join(' ')} exited ${ran.code}: ${ran.stderr}`)
  return ran
}

/** Builds, deploys and calls a contract and a function; gives the verdict on the call's bundle, found with the node stopped. */
export async function mainJob(command: readonly string[], options: RunOptions): Promise<unknown> {
  const at = (name: string): string => join(options.cwd, name)
  const utnet = (...args: string[]): Promise<Ran> => ok(command, args, options)
  await utnet('new', 'tally', '--template', 'contract')
  await utnet('new', 'hello', '--template', 'function')
  const built = await utnet('build', 'tally', '--json')
  const inspected = await utnet('inspect', String(built.documents[0]?.['file']), '--json')
  expect(inspected.documents[0]).toMatchObject({ world: 'contract' })

  const dev = await startDev(command, ['--data', 'data'], options)
  const node = ['--node', String(dev.ready['url'])]
  try {
    await utnet('deploy', 'tally/tally.wasm', '--name', 'tally', ...node)
    await utnet('deploy', 'hello', '--name', 'hello', ...node)
    const called = await utnet('call', 'tally', 'count', '2', '--json', ...node)
    expect(called.documents[0]).toMatchObject({ result: '2', status: 'ok' })
    const me = (await utnet('keys', 'show', '--json', ...node)).documents[0]?.['address']
    const asked = await utnet('query', 'tally', 'count-of', String(me), '--proof', '--json', ...node)
    expect(asked.documents[0]).toMatchObject({ result: '2', proof: { header: expect.any(String) } })
    expect(await utnet('invoke', 'hello', '--path', '/you', ...node)).toMatchObject({ stdout: '{"hello":"/you"}' })
    const receipt = String(called.documents[0]?.['receipt'])
    await utnet('receipt', receipt, '--wait', '--bundle', '-o', 'proof.car', ...node)
    // A CAR is made by Helia, which is loaded by the first request that needs it.
    const car = await fetch(`${String(dev.ready['url'])}/ipfs/${String(built.documents[0]?.['module'])}?format=car`)
    expect([car.status, car.headers.get('content-type')]).toEqual([200, expect.stringContaining('application/vnd.ipld.car')])
    await car.arrayBuffer()
    expect((await utnet('replay', receipt, '--json', ...node)).documents[0]).toMatchObject({ equal: true })
    await utnet('chain', 'status', ...node)
  } finally {
    expect((await dev.stop()).code).toBe(0)
  }
  const [verdict] = (await utnet('verify', 'proof.car', '--reexecute', '--json')).documents
  const bytes = readFileSync(at('proof.car'))
  writeFileSync(
    at('spoilt.car'),
    bytes.map((b, i) => (i === bytes.length >> 1 ? b ^ 1 : b)),
  )
  expect((await run(command, ['verify', 'spoilt.car'], options)).code).toBe(1)
  return verdict
}

/** The tests of every template, as a new project has them. */
export async function templateTests(command: readonly string[], options: RunOptions): Promise<void> {
  for (const template of ['contract', 'function', 'operator']) {
    await ok(command, ['new', `my-${template}`, '--template', template], options)
    await ok(command, ['test', `my-${template}`], options)
  }
}
