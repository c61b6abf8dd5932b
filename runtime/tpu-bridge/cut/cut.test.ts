import { expect, test } from 'vitest'
import { bytes, graph, int, model, node, text, value } from '../../../test/compliance/onnx-models.ts'
import { cidOf, concatBytes, fileCid, RAW, UtnetError, utf8, type NamedTensor, type Tensor } from '../../core/index.ts'
import type { Device, LoadedModel } from '../device.ts'
import { onnxWeb } from '../devices/index.ts'
import { guestName, type GuestOperators } from './guest-operators.ts'
import { withGuests } from './index.ts'

const DOMAIN = 'ai.utnet'
const opset = bytes(8, text(1, DOMAIN), int(2, 1))
const vector = (name: string, type = 1): Uint8Array => value(name, type, ['n'])
/** TensorProto, f32 of one side. */
const initializer = (name: string, values: readonly number[]): Uint8Array =>
  concatBytes(int(1, values.length), int(2, 1), text(8, name), bytes(9, new Uint8Array(Float32Array.from(values).buffer)))
const f32 = (name: string, ...values: readonly number[]): NamedTensor => ({
  name,
  dtype: 'f32',
  shape: [values.length],
  data: new Uint8Array(Float32Array.from(values).buffer),
})
const floats = (t: Tensor | undefined): number[] => [...new Float32Array((t as Tensor).data.slice().buffer)]
const code = (c: string) => expect.objectContaining({ code: c })

type Run = (inputs: readonly NamedTensor[]) => readonly Tensor[] | Promise<readonly Tensor[]>

/** The port with functions in the place of guests; each is called with a fresh turn between. */
function functionsAsGuests(run: Readonly<Record<string, Run>>): GuestOperators {
  return {
    async find(name) {
      const found = run[name]
      if (found === undefined) throw new UtnetError('guest_not_found', `no guest ${name}`)
      return {
        module: cidOf(RAW, utf8(name)),
        async run(inputs) {
          await new Promise(setImmediate)
          return found(inputs)
        },
      }
    },
  }
}
const double: Run = ([x]) => [f32('', ...floats(x).map((v) => 2 * v))]
const plus: Run = ([a, b]) => [f32('', ...floats(a).map((v, i) => v + (floats(b)[i] as number)))]

async function load(file: Uint8Array, run: Readonly<Record<string, Run>>, device: Device = onnxWeb()): Promise<LoadedModel> {
  return withGuests(device, functionsAsGuests(run)).load(file, fileCid(file))
}

test('guests run where the file has them: first, last, side by side, on constants, and straight into outputs', async () => {
  const file = model(
    graph(
      [
        node('Double', ['x'], ['a'], DOMAIN),
        node('Neg', ['a'], ['b']),
        node('Relu', ['a'], ['unused']),
        node('Plus', ['b', 'w'], ['c'], DOMAIN),
        node('Double', ['c'], ['d'], DOMAIN),
        node('Add', ['d', 'x'], ['e']),
        node('Plus', ['e', 'e'], ['y'], DOMAIN),
      ],
      [vector('x')],
      [vector('y'), vector('a'), vector('b'), vector('x')],
      [initializer('w', [10, 20])],
    ),
    opset,
  )
  const loaded = await load(file, { double, plus })
  expect(loaded.inputs).toEqual([{ name: 'x', dtype: 'f32', shape: [-1] }])
  expect(loaded.outputs.map((o) => o.name)).toEqual(['y', 'a', 'b', 'x'])
  const outputs = await loaded.run([f32('x', 1, 3)])
  expect(outputs.map((t) => [t.name, floats(t)])).toEqual([
    ['y', [34, 62]],
    ['a', [2, 6]],
    ['b', [-2, -6]],
    ['x', [1, 3]],
  ])
  await loaded.close()
})

test('inputs are taken as they are when the call is made', async () => {
  const file = model(graph([node('Double', ['x'], ['a'], DOMAIN), node('Add', ['a', 'x'], ['y'])], [vector('x')], [vector('y')]), opset)
  const loaded = await load(file, { double })
  const x = f32('x', 1)
  const running = loaded.run([x])
  x.data.fill(0)
  expect(floats((await running)[0])).toEqual([3])
  await expect(loaded.run([{ ...x, name: 'z' }])).rejects.toEqual(code('tensor_input'))
  await loaded.close()
})

test('what comes behind a guest takes the dtype that it gave, also when that is another one the next time', async () => {
  const cast = node('Cast', ['a'], ['y'], '', concatBytes(text(1, 'to'), int(3, 1), int(20, 2)))
  const file = model(graph([node('Either', ['x'], ['a'], DOMAIN), cast], [vector('x')], [vector('y')]), opset)
  const either: Run = ([x]) =>
    floats(x)[0] === 0 ? [x as Tensor] : [{ dtype: 's64', shape: [2], data: new Uint8Array(BigInt64Array.of(7n, -7n).buffer) }]
  const loaded = await load(file, { either })
  for (let i = 0; i < 2; i++) {
    expect(floats((await loaded.run([f32('x', 0, 5)]))[0])).toEqual([0, 5])
    expect(floats((await loaded.run([f32('x', 1)]))[0])).toEqual([7, -7])
  }
  await loaded.close()
})

test('a model without such operators goes to the device as it is, even where it names the domain', async () => {
  const file = model(graph([node('Neg', [DOMAIN], ['y'])], [vector(DOMAIN)], [vector('y')]), opset)
  const device = onnxWeb()
  const own = await load(file, {}, device)
  expect(floats((await own.run([f32(DOMAIN, 4)]))[0])).toEqual([-4])
  const wrapped = withGuests(device, functionsAsGuests({}))
  expect([wrapped.id, wrapped.class, wrapped.arithmetic]).toEqual([device.id, device.class, device.arithmetic])
  await own.close()
})

test('what a guest cannot take is refused when the model is loaded', async () => {
  const attribute = concatBytes(text(1, 'a'), int(3, 1), int(20, 2))
  const one = (n: Uint8Array): Uint8Array => model(graph([n], [vector('x')], [vector('y')]), opset)
  const branch = concatBytes(text(1, 'then_branch'), bytes(6, graph([node('Double', ['x'], ['z'], DOMAIN)], [], [vector('z')])), int(20, 5))
  const other = concatBytes(text(1, 'else_branch'), bytes(6, graph([node('Neg', ['x'], ['z'])], [], [vector('z')])), int(20, 5))
  const inside = model(graph([node('If', ['c'], ['y'], '', branch, other)], [vector('x'), value('c', 9, [])], [vector('y')]), opset)
  const bad: readonly Uint8Array[] = [
    one(node('Double', ['x'], ['y'], DOMAIN, attribute)),
    one(node('Double', ['', 'x'], ['y'], DOMAIN)),
    one(node('Missing', ['x'], ['y'], DOMAIN)),
    one(node('Not a name!', ['x'], ['y'], DOMAIN)),
    inside,
  ]
  for (const file of bad) await expect(load(file, { double })).rejects.toEqual(code('operator_unsupported'))
  const trailing = await load(one(node('Double', ['x', '', ''], ['y'], DOMAIN)), { double })
  expect(floats((await trailing.run([f32('x', 1)]))[0])).toEqual([2])
})

test('a guest that gives too little, or fails, is the answer', async () => {
  const file = model(graph([node('Split', ['x'], ['y', 'z'], DOMAIN)], [vector('x')], [vector('y'), vector('z')]), opset)
  const few = await load(file, { split: ([x]) => [x as Tensor] })
  await expect(few.run([f32('x', 1)])).rejects.toEqual(code('guest_bad_answer'))
  const failing = await load(file, {
    split: () => {
      throw new UtnetError('guest_trap', 'split ended as trap')
    },
  })
  await expect(failing.run([f32('x', 1)])).rejects.toEqual(code('guest_trap'))
})

test('a verified run names the guests among its entries', async () => {
  const file = model(
    graph(
      [node('Double', ['x'], ['a'], DOMAIN), node('Neg', ['a'], ['b']), node('Abs', ['b'], ['c']), node('Plus', ['c', 'x'], ['y'], DOMAIN)],
      [vector('x')],
      [vector('y')],
    ),
    opset,
  )
  const web = onnxWeb()
  /** The device with a trace of two entries, of which the second ran elsewhere. */
  const traced: Device = {
    ...web,
    async load(piece, cid) {
      const loaded = await web.load(piece, cid)
      return {
        ...loaded,
        verified: async (inputs) => ({
          arithmetic: 'exact:pinned',
          entries: 2,
          checkpoints: [[1, new Uint8Array(32)]],
          exceptions: [[1, 'bounded:elsewhere']],
          outputs: await loaded.run(inputs),
        }),
      }
    },
  }
  const loaded = await load(file, { double, plus }, traced)
  const { outputs, ...rest } = await loaded.verified([f32('x', 3)])
  expect(floats(outputs[0])).toEqual([9])
  expect(rest).toEqual({
    arithmetic: 'exact:pinned',
    entries: 4,
    checkpoints: [],
    exceptions: [
      [0, `exact:${cidOf(RAW, utf8('double')).toString()}`],
      [2, 'bounded:elsewhere'],
      [3, `exact:${cidOf(RAW, utf8('plus')).toString()}`],
    ],
  })
})

test.each([
  ['Poly', 'poly'],
  ['Int8Linear', 'int8-linear'],
  ['MatMulInt8', 'mat-mul-int8'],
  ['RMSNorm', 'rms-norm'],
  ['gelu', 'gelu'],
])('%s is the guest %s', (op, name) => {
  expect(guestName(op)).toBe(name)
})
