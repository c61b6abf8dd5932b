/** Our glue against jco's on random values of random WIT types (jco has no latin1+utf16). `ABI_COMPONENTS=200` asks for more types than the few of the default. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { witTypes, witValues } from '../../runtime/host/abi/testing/arbitrary.ts'
import { echoComponent, echoOnJco, echoOnOurs } from '../../runtime/host/abi/testing/echo.ts'
import { printWitType, witToJson, type WitType } from '../../runtime/core/index.ts'

const COMPONENTS = Number(process.env['ABI_COMPONENTS'] ?? 12)
const TYPES = 10
const VALUES = 12

const seed = Number(process.env['ABI_SEED'] ?? 7)

test(
  'host glue and jco agree on what each side sees, in both directions',
  async () => {
    let seen = 0
    await fc.assert(
      fc.asyncProperty(
        fc.array(witTypes, { minLength: TYPES, maxLength: TYPES }),
        fc.constantFrom('utf8' as const, 'utf16' as const),
        fc.integer(),
        async (types, encoding, valueSeed) => {
          const { core, component } = await echoComponent(types, encoding)
          const ours = echoOnOurs(core, types, encoding, { charge: () => undefined })
          const jco = await echoOnJco(component, types)
          types.forEach((type, index) => {
            for (const [value, back] of fc.sample(fc.tuple(witValues(type), witValues(type)), { numRuns: VALUES, seed: valueSeed })) {
              const handed: unknown[] = []
              const answer = (got: unknown): readonly [never, number] => {
                handed.push(got)
                return [back as never, index]
              }
              const results = [ours(index, value, answer), jco(index, value, answer)]
              expect(handed, printWitType(type)).toEqual([value, value])
              expect(results, printWitType(type)).toEqual([
                [back, index],
                [back, index],
              ])
              const json = results.map(([result]) => JSON.stringify(witToJson(type as WitType, result)))
              expect(json[0]).toBe(json[1])
              seen++
            }
          })
        },
      ),
      { numRuns: COMPONENTS, seed, endOnFailure: true },
    )
    expect(seen).toBe(COMPONENTS * TYPES * VALUES)
  },
  60_000 + COMPONENTS * 10_000,
)
