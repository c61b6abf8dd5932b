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

test('who asks for help is told, whatever else stands there', () => {
  for (const rest of [['--help'], ['--gas', 'much', '-h'], ['a', '--gas', '-1', '--help']]) {
    const { verb, flags } = parseCommand(['call', ...rest])
    expect([verb.name, flags['help']]).toEqual(['call', true])
  }
})

test('what is no command, no option, or too few or many arguments is refused with its usage', () => {
  for (const [argv, message, hint] of [
    [['cal'], 'there is no command cal', 'utnet call '],
    [['calls'], 'there is no command calls', 'utnet call '],
    [['zzz'], 'there is no command zzz', undefined],
    [[], 'there is no command undefined', undefined],
    [['query', 'a'], 'query takes 2 to 66 arguments, got 1', 'usage: utnet query '],
    [['query', ...Array.from({ length: 67 }, () => 'a')], 'query takes 2 to 66 arguments, got 67', 'usage: utnet query '],
    [['inspect', 'a', 'b'], 'inspect takes 1 arguments, got 2', 'usage: utnet inspect '],
    [['query', 'a', 'b', '--none'], "Unknown option '--none'", 'usage: utnet query '],
  ] as const) {
    let error: unknown
    try {
      parseCommand(argv)
    } catch (thrown) {
      error = thrown
    }
    expect([argv, error]).toMatchObject([argv, { code: 'usage', message: expect.stringContaining(message) as string }])
    const { hint: shown } = error as { readonly hint?: string }
    if (hint === undefined) expect(shown).toBeUndefined()
    else expect(shown).toContain(hint)
  }
})

test('negative numbers are arguments and values, and reach the verb as they were typed', () => {
  const { args, flags } = parseCommand(['query', 'a', 'b', '-1', '-.5', '--at', '7', '--proof'])
  expect(args).toEqual(['a', 'b', '-1', '-.5'])
  expect(flags).toEqual({ at: '7', proof: true })
  expect(parseCommand(['invoke', 'a', '--data', '-5']).flags).toEqual({ data: '-5' })
})
