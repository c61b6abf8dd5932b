import { expect, test } from 'vitest'
import { parseCommand } from './parse.ts'
import { wholeFlag, wholeNumber } from './verb.ts'
import { VERBS } from './verbs/index.ts'

/** What people and scripts type for a number. */
const EDGES: readonly string[] = [
  ...[0n, 1n, 2n ** 31n, 2n ** 32n, 2n ** 53n, 2n ** 63n, 2n ** 64n].flatMap((n) =>
    n === 0n ? ['0'] : [`${n - 1n}`, `${n}`, `${n + 1n}`],
  ),

  '-1',
  '-0',
  '+1',
  '01',
  '00',
  '1e3',
  '0x10',
  '0b1',
  '1.0',
  '.5',
  '1_000',
  '',
  ' ',
  ' 1',
  '1 ',
  '1\n',
  'NaN',
  'Infinity',
  '１',
  '9'.repeat(400),
]

const OPTIONS = VERBS.flatMap((verb) =>
  Object.entries(verb.options).flatMap(([option, { whole }]) =>
    whole === undefined ? [] : [{ verb, option, bounds: whole, args: Array.from({ length: verb.positionals[0] }, () => 'x') }],
  ),
)

test('every option that its usage gives a number is one', () => {
  const named = VERBS.flatMap((verb) =>
    [...verb.usage.matchAll(/--([\w-]+) (?:N|H|HEIGHT)\b/g)].map(([, option = '']) => ({ verb: verb.name, option })),
  )
  expect(named.length).toBeGreaterThan(7)
  expect(
    OPTIONS.map(({ verb, option }) => ({ verb: verb.name, option })).toSorted((a, b) =>
      `${a.verb}${a.option}`.localeCompare(`${b.verb}${b.option}`),
    ),
  ).toEqual(named.toSorted((a, b) => `${a.verb}${a.option}`.localeCompare(`${b.verb}${b.option}`)))
})

test.each(OPTIONS)(
  '$verb.name --$option is the number that was typed, or a refusal that names it',
  ({ verb, option, bounds: [least, most], args }) => {
    const edges = [...EDGES, ...[least - 1n, least, most, most + 1n].map(String)]
    for (const text of edges) {
      const given = (): string => {
        const { flags } = parseCommand([verb.name, ...args, `--${option}`, text])
        const whole = wholeFlag({ flags } as Parameters<typeof wholeFlag>[0], option)
        // those beyond what a number holds are read as text (`--gas`)
        return most > BigInt(Number.MAX_SAFE_INTEGER) ? String(flags[option]) : String(whole)
      }
      if (/^(0|[1-9]\d*)$/.test(text) && BigInt(text) >= least && BigInt(text) <= most) expect(given(), text).toBe(text)
      else expect(given, text).toThrow(expect.objectContaining({ code: 'usage', message: expect.stringContaining(`--${option} `) }))
    }
  },
)

test('a number that stands alone is read by the same rule', () => {
  for (const text of EDGES) {
    const good = /^(0|[1-9]\d*)$/.test(text) && BigInt(text) < 2n ** 53n
    if (good) expect(wholeNumber('HEIGHT', text, [0n, 2n ** 53n - 1n])).toBe(BigInt(text))
    else
      expect(() => wholeNumber('HEIGHT', text, [0n, 2n ** 53n - 1n]), text).toThrow(
        /^HEIGHT must be a whole number from 0 to 9007199254740991, got/,
      )
  }
})
