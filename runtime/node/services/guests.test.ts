import { expect, test } from 'vitest'
import { testChain, userOf } from '../../consensus/testing/test-kit.ts'
import { fileCid, publishGas, utf8, type CID } from '../../core/index.ts'
import { createHost } from '../../host/index.ts'
import { memoryFiles } from '../../host/testing/host.ts'
import { wat } from '../../host/testing/wat.ts'
import { guests } from './guests.ts'

const library = (name: string): Promise<Uint8Array> =>
  wat(`(component
    (core module $m (func (export "f") (result i32) (i32.const 7)))
    (core instance $i (instantiate $m))
    (func $f (result u32) (canon lift (core func $i "f")))
    (instance $x (export "${name}" (func $f)))
    (export "a:b/c@1.0.0" (instance $x)))`)

test('one whose bytes are not here, or are no guest, is listed without exports; a module is loaded once under all its names', async () => {
  const t = await testChain()
  const files = memoryFiles()
  const host = createHost({ files })
  const loads: string[] = []
  const parts = {
    chain: t.chain,
    coldLoads: { load: (module: CID) => (loads.push(module.toString()), host.load(module)) },
  }
  const publish = async (name: string, module: CID): Promise<void> => {
    t.send(userOf(2), { kind: 'publish', name, module, world: 'library', size: 100 }, { gasLimit: publishGas('library', 100) })
    await t.produce()
  }
  const first = await files.putFile(await library('first'))
  const second = await files.putFile(await library('second'))
  const third = await library('third')
  const absent = fileCid(third)
  const odd = await files.putFile(utf8('no guest'))
  const wanted = { one: first, absent, twin: first, odd }
  for (const [name, module] of Object.entries(wanted)) await publish(name, module)

  const list = async (): Promise<Record<string, readonly [string, string[]]>> =>
    Object.fromEntries((await guests(parts)).map(({ name, module, exports }) => [name, [module, exports.map((e) => e.name)]]))
  const shown = {
    one: [first.toString(), ['a:b/c@1.0.0#first']],
    twin: [first.toString(), ['a:b/c@1.0.0#first']],
    absent: [absent.toString(), []],
    odd: [odd.toString(), []],
  }
  expect(await list()).toEqual(shown)
  expect(await list()).toEqual(shown)
  const of = (module: CID): number => loads.filter((id) => id === module.toString()).length
  // What is not here may come: it is asked for each time
  expect([of(first), of(absent), of(odd)]).toEqual([1, 2, 2])

  // A name's later version is another module
  await publish('one', second)
  await files.putFile(third)
  expect(await list()).toEqual({
    ...shown,
    one: [second.toString(), ['a:b/c@1.0.0#second']],
    absent: [absent.toString(), ['a:b/c@1.0.0#third']],
  })
  expect([of(first), of(second)]).toEqual([1, 1])
})
