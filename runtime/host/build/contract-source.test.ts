import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { WitField, WitFunction, WitType } from '../../core/index.ts'
import { contractSource } from './contract-source.ts'
import { buildText } from './testing/guests.ts'

const text: WitType = { kind: 'string' }
const line: WitType = {
  kind: 'record',
  name: 'order-line',
  fields: [
    { name: 'item', type: text },
    { name: 'note', type: { kind: 'option', some: text } },
  ],
}
const fn = (name: string, params: readonly (readonly [string, WitType])[], result?: WitType): WitFunction => ({
  name,
  params: params.map(([param, type]) => ({ name: param, type })),
  result,
})

test('methods, records and what no call can carry', () => {
  const exports = [
    fn('balance-of', [['who', text]], { kind: 'u64' }),
    fn('order', [['lines', { kind: 'list', element: line }], ['delete', { kind: 'list', element: { kind: 'u8' } }]]), // oxfmt-ignore
    fn('last', [], line),
    fn('pick', [['which', { kind: 'enum', names: ['a', 'b'] }]]),
    fn('maybe', [['n', { kind: 'option', some: { kind: 'u32' } }]]),
  ]
  expect(contractSource('shop-2', exports)).toBe(`import { Contract } from '@utnet/sdk'

@data
export class OrderLine {
  constructor(
    public item: string,
    public note: string | null,
  ) {}
}

/** The contract shop-2. A call that fails reverts the caller; with Attempt<T> as a method's type the caller goes on. Money is text in WIT: say Amount for it. */
export declare class Shop2 extends Contract {
  balanceOf(who: string): u64
  order(lines: Array<OrderLine>, delete_: Uint8Array): void
  last(): OrderLine
  // pick: no call can carry an enum
  // maybe: no call can carry an option of u32
}
`)
})

test('records of one name and two shapes, or of a name that is taken, are classes of their own', () => {
  const record = (name: string, field: string): WitType => ({ kind: 'record', name, fields: [{ name: field, type: text }] })
  const source = contractSource('a', [
    fn('f', [['x', record('line', 'p')], ['y', record('line', 'q')], ['z', record('line', 'p')]]), // oxfmt-ignore
    fn('g', [['x', record('contract', 'p')], ['y', { kind: 'record', fields: [{ name: 'p', type: text }] }]]), // oxfmt-ignore
  ])
  expect(source).toContain('  f(x: Line, y: Line2, z: Line): void')
  expect(source).toContain('  g(x: Contract2, y: Y): void')
})

test.each(['x\nevil()', 'x\u2028evil()', 'x*/ evil()', 'X {}\nevil()', 'toString'])(
  'a node that tells names or kinds like %j writes nothing into the sources of who asks',
  (bad) => {
    const record: WitType = { kind: 'record', name: bad, fields: [{ name: 'p', type: text }] }
    const field: WitType = { kind: 'record', name: 'r', fields: [{ name: bad, type: text }] }
    const source = contractSource(bad, [
      fn(bad, []),
      fn('a', [[bad, text]]),
      fn('b', [], { kind: bad } as unknown as WitType),
      fn('c', [['r', record]]),
      fn('d', [], field),
    ])
    expect(source.replace(/\/\/.*|\/\*.*?\*\//g, '')).not.toMatch(/evil|native code|undefined/)
    expect(source.match(/\*\//g)).toHaveLength(1)
    expect(source).toMatch(/^[\x20-\x7e\n]*$/)
  },
)

const name = fc.stringMatching(/^[a-z][a-z0-9]{0,5}(-[a-z][a-z0-9]{0,4}){0,2}$/)
const unique = (fields: WitField[]): WitField[] => [...new Map(fields.map((f) => [f.name, f])).values()]
const { type } = fc.letrec<{ type: WitType }>((tie) => ({
  type: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom(...(['bool', 'u8', 's16', 'u32', 's64', 'f32', 'f64', 'string', 'char'] as const)).map((kind): WitType => ({ kind })),
    tie('type').map((element): WitType => ({ kind: 'list', element })),
    tie('type').map((some): WitType => ({ kind: 'option', some })),
    fc
      .array(fc.record({ name, type: tie('type') }), { minLength: 1, maxLength: 3 })
      .map((fields): WitType => ({ kind: 'record', fields: unique(fields) })),
  ),
}))

test('whatever the types are, what is written compiles in a contract that calls it', async () => {
  const functions = fc.uniqueArray(
    fc.record({
      name,
      params: fc.array(fc.record({ name, type }), { maxLength: 3 }).map(unique),
      result: fc.option(type, { nil: undefined }),
    }),
    { minLength: 1, maxLength: 5, selector: (f) => f.name },
  )
  await fc.assert(
    fc.asyncProperty(name, functions, async (contract, exports) => {
      const source = contractSource(contract, exports)
      const used = /declare class (\w+) /.exec(source)?.[1] as string
      // A method that nobody calls is not compiled: each is named once
      const methods = [...source.matchAll(/^ {2}(\w+)\((.*)\): (.*)$/gm)]
      const calls = methods.map(
        ([, method, params], i) =>
          `export function try${i}(at: string): void { if (at == '') new ${used}(at).${method}(${defaults(params as string)}) }`,
      )
      const whole = `${source}export function nothing(): void {}\n${calls.join('\n')}`
      expect((await buildText('contract', { 'index.ts': whole })).component.length, source).toBeGreaterThan(0)
    }),
    { numRuns: 3 },
  )
})

/** An argument for each parameter: nothing is run, so that nothing stands for any reference. */
function defaults(params: string): string {
  if (params === '') return ''
  return params
    .split(', ')
    .map((param) => {
      const of = param.slice(param.indexOf(': ') + 2)
      return /^(bool|[ui](8|16|32|64)|f32|f64)$/.test(of) ? `<${of}>0` : `changetype<${of}>(<usize>0)`
    })
    .join(', ')
}
