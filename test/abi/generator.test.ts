/** Guests that the generator makes of random types, on our host and on jco. `ABI_GUESTS=40` asks for more than the few of the default. */
import { readFile } from 'node:fs/promises'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { printWitType, witToJson, type WitType, type WitValue } from '../../runtime/core/index.ts'
import { witTypes, witValues } from '../../runtime/host/abi/testing/arbitrary.ts'
import { instantiateOnJco, type JcoFunction } from '../../runtime/host/abi/testing/echo.ts'
import { fromJco, toJco } from '../../runtime/host/abi/testing/jco-values.ts'
import { buildText, simulatedChain } from '../../runtime/host/build/testing/guests.ts'
import { simulatedEnv, testHost } from '../../runtime/host/testing/host.ts'
import { AuthorText } from './author-text.ts'

type Imports = Record<string, Record<string, JcoFunction>>

const GUESTS = Number(process.env['ABI_GUESTS'] ?? 4)
const TYPES = 14
const VALUES = 8

test(
  'what an author writes for a WIT type is that type, and its values pass the guest unchanged, on our host and on jco',
  async () => {
    let seen = 0
    const host = testHost()
    await fc.assert(
      fc.asyncProperty(fc.array(witTypes, { minLength: TYPES, maxLength: TYPES }), fc.integer(), async (types, seed) => {
        const author = new AuthorText()
        const functions = types.map((type, i) => {
          const text = author.text(type)
          return `export function echo${i}(v: ${text}): Tuple2<${text}, u8> { return new Tuple2<${text}, u8>(v, ${i}) }`
        })
        const sdk = `import { Box, Result, Tuple1, Tuple2, Tuple3, Tuple4, Unit, char } from '@utnet/sdk'`
        const built = await buildText('contract', { 'index.ts': [sdk, ...author.declarations, ...functions].join('\n') })
        const { module, exports } = await host.admit(built.component)
        const jco = await instantiateOnJco(built.component, simulatedChain().imports as Imports)
        types.forEach((type: WitType, i) => {
          const entry = `echo${i}`
          const declared = exports.find((e) => e.name === entry)
          expect(printWitType(declared?.params[0]?.type as WitType)).toBe(printWitType(type))
          for (const value of fc.sample(witValues(type), { numRuns: VALUES, seed })) {
            const ours = host.executor.run({ module, entry, args: [value], gasLimit: 50_000_000n, env: simulatedEnv() })
            expect(ours, printWitType(type)).toMatchObject({ status: 'ok', result: [value, i] })
            const [back, n] = (jco[entry] as (v: unknown) => readonly [unknown, number])(toJco(type, value))
            const theirs: WitValue = fromJco(type, back)
            expect([theirs, n], printWitType(type)).toEqual([value, i])
            expect(JSON.stringify(witToJson(type, theirs))).toBe(
              JSON.stringify(witToJson(type, (ours.result as readonly WitValue[])[0] as WitValue)),
            )
            seen++
          }
        })
      }),
      { numRuns: GUESTS, seed: Number(process.env['ABI_SEED'] ?? 5), endOnFailure: true },
    )
    expect(seen).toBe(GUESTS * TYPES * VALUES)
  },
  60_000 + GUESTS * 20_000,
)

test('the example of docs/guest-types.md is built, and its WIT is what the page says', async () => {
  const page = await readFile(new URL('../../docs/guest-types.md', import.meta.url), 'utf8')
  const example = /```ts\n([\s\S]*?)```/.exec(page)?.[1] as string
  const { wit } = await buildText('contract', { 'index.ts': example })
  const flat = wit.replaceAll(/\s+/g, ' ').replaceAll(', }', ' }')
  const said = [...example.matchAll(/\/\/ ((?:record|enum|flags|variant) .*)/g)].map((m) => m[1] as string)
  expect(said.length).toBe(4)
  for (const line of said) expect(flat).toContain(line)
})
