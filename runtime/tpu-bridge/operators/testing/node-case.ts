/** For tests: one operator with its inputs, run on kernels as they are, through the operator world, and on onnxruntime-web, the oracle. */
import { DTYPES, elementCount, fileCid, type NamedTensor, type Tensor } from '../../../core/index.ts'
import { testHost } from '../../../host/testing/host.ts'
import { bytes, graph, int, model, node as nodeProto, ONNX_TYPE, text, value } from '../../../../test/compliance/onnx-models.ts'
import { concatBytes, utf8 } from '../../../core/index.ts'
import { onnxWeb } from '../../devices/index.ts'
import { canonicaliseNaNs } from '../../nan.ts'
import type { Attribute, Node } from '../../graph/index.ts'
import { encodeCalls } from '../calls.ts'
import type { LowerContext, Lowered, Operand } from '../lowering.ts'
import { lower } from '../table.ts'
import { exactComponent, exactModule } from './exact-guest.ts'

export interface CaseInput extends Tensor {
  /** An initializer of the model. */
  readonly constant?: boolean
}

export interface NodeCase {
  readonly op: string
  readonly domain?: string
  /** Of the node's domain; 17 where nothing is said (1 in other domains). */
  readonly opset?: number
  readonly attributes?: Readonly<Record<string, Attribute>>
  readonly inputs: readonly (CaseInput | undefined)[]
  /** How many outputs are wanted; 1 where nothing is said. */
  readonly outputs?: number
}

export const f32 = (shape: readonly number[], values: ArrayLike<number>): Tensor => ({
  dtype: 'f32',
  shape,
  data: new Uint8Array(Float32Array.from(values).buffer),
})

export const s64 = (shape: readonly number[], values: readonly number[]): Tensor => ({
  dtype: 's64',
  shape,
  data: new Uint8Array(BigInt64Array.from(values.map(BigInt)).buffer),
})

export const values32 = (tensor: Tensor): Float32Array => new Float32Array(new Uint8Array(tensor.data).buffer)

const nodeOf = (c: NodeCase): Node => ({
  name: '',
  op: c.op,
  domain: c.domain ?? '',
  inputs: c.inputs.map((t, i) => (t === undefined ? '' : `i${i}`)),
  outputs: Array.from({ length: c.outputs ?? 1 }, (_, i) => `o${i}`),
  attributes: new Map(Object.entries(c.attributes ?? {})),
})

export const opsetOf = (c: NodeCase): number => c.opset ?? ((c.domain ?? '') === '' ? 17 : 1)

export function lowerCase(c: NodeCase): Lowered {
  const context: LowerContext = {
    node: nodeOf(c),
    opset: opsetOf(c),
    inputs: c.inputs.map((t) => t && { dtype: t.dtype, shape: t.shape, constant: t.constant === true, value: () => t.data }),
    wanted: Array.from({ length: c.outputs ?? 1 }, () => true),
  }
  return lower(context)
}

interface Exports {
  readonly memory: WebAssembly.Memory
  readonly 'utnet:gas': WebAssembly.Global
  kernel(id: number, p: number, part: number, parts: number): number
  arena(bytes: number): number
}

let compiled: Promise<WebAssembly.Module> | undefined

/** What lies in front of operands and behind them; a kernel that writes there is found out. */
const GUARD = 64

/** On kernels as they are, each shared step in `parts` shares. Throws where a kernel stops, or writes behind an operand. */
export async function onKernels(c: NodeCase, parts = 1): Promise<Tensor[]> {
  const lowered = lowerCase(c)
  const instance = new WebAssembly.Instance(await (compiled ??= exactModule()))
  const exports = instance.exports as unknown as Exports
  exports['utnet:gas'].value = 1n << 62n
  const outputBytes = lowered.outputs.map((o) => elementCount(o.shape, 'output') * DTYPES[o.dtype])
  const sizes = [...c.inputs.map((t) => t?.data.length ?? 0), ...outputBytes, ...lowered.temps]
  const records = lowered.steps.reduce((n, s) => n + (s.operands.length + s.params.length) * 4, 0)
  const padded = (n: number): number => ((n + 15) & ~15) + 2 * GUARD
  const base = exports.arena(sizes.reduce((n, s) => n + padded(s), 0) + records + 16)
  if (base === 0) throw new Error('no room')
  const memory = new Uint8Array(exports.memory.buffer)
  let at = base
  const places = sizes.map((size) => {
    const place = at + GUARD
    memory.fill(0xa5, at, at + padded(size))
    at += padded(size)
    return place
  })
  c.inputs.forEach((t, i) => t && memory.set(t.data, places[i]))
  const place = (o: Operand): number => {
    if (o === null || (o.of === 'input' && c.inputs[o.index] === undefined)) return 0
    const first = o.of === 'input' ? 0 : o.of === 'output' ? c.inputs.length : c.inputs.length + outputBytes.length
    return places[first + o.index] as number
  }
  for (const step of lowered.steps) {
    const words = Int32Array.from([...step.operands.map(place), ...step.params])
    new Int32Array(exports.memory.buffer, at, words.length).set(words)
    const shares = step.shared ? parts : 1
    for (let part = 0; part < shares; part++) {
      const status = exports.kernel(step.kernel, at, part, shares)
      if (status !== 0) throw new Error(`kernel ${step.kernel} of ${c.op} stopped with status ${status}`)
    }
    at += words.byteLength
  }
  sizes.forEach((size, i) => {
    const place = places[i] as number
    for (let g = 1; g <= GUARD; g++)
      if (memory[place - g] !== 0xa5 || memory[place + size + g - 1] !== 0xa5)
        throw new Error(`a kernel of ${c.op} writes outside operand ${i} (inputs, outputs, temporaries)`)
  })
  c.inputs.forEach((t, i) => {
    const from = places[i] as number
    if (t !== undefined && Buffer.compare(memory.subarray(from, from + t.data.length), t.data) !== 0)
      throw new Error(`a kernel of ${c.op} writes to input ${i}`)
  })
  return lowered.outputs.map((o, i) => {
    const alias = lowered.aliases?.find(([out]) => out === i)
    const known = lowered.known?.get(i)
    const from = places[alias === undefined ? c.inputs.length + i : alias[1]] as number
    const tensor = { ...o, data: new Uint8Array(known ?? memory.slice(from, from + (outputBytes[i] as number))) }
    canonicaliseNaNs(tensor)
    return tensor
  })
}

/** Through the operator world, metered: what a referee does. Not for nodes whose outputs are aliases or known. */
export async function onOperatorWorld(c: NodeCase): Promise<{ readonly outputs: readonly Tensor[]; readonly gas: bigint }> {
  const calls = encodeCalls(lowerCase(c), c.inputs.length)
  const host = testHost()
  const { module } = await host.admit(await exactComponent())
  const inputs: NamedTensor[] = [{ name: 'calls', dtype: 'u8', shape: [calls.length], data: calls }]
  for (const t of c.inputs)
    inputs.push(t === undefined ? { name: '', dtype: 'u8', shape: [0], data: new Uint8Array() } : { name: '', ...t })
  const run = await host.runOperator({ module, inputs, gasLimit: 1n << 62n })
  if (run.status !== 'ok') throw new Error(`${run.status}: ${run.message}`)
  return { outputs: run.outputs, gas: run.gas }
}

const floatBytes = (v: number): Uint8Array => new Uint8Array(Float32Array.of(v).buffer)

/** TensorProto with raw data. */
const tensorProto = (t: Tensor, name: string): Uint8Array =>
  concatBytes(...t.shape.map((d) => int(1, d)), int(2, ONNX_TYPE[t.dtype]), text(8, name), bytes(9, t.data))

/** Of an integer below zero the ten bytes of its 64 bits. */
function signed(field: number, v: number): Uint8Array {
  if (v >= 0 && v <= Number.MAX_SAFE_INTEGER - 1) return int(field, v)
  const out: number[] = [field * 8]
  let rest = BigInt.asUintN(64, v >= Number.MAX_SAFE_INTEGER ? (1n << 63n) - 1n : BigInt(v))
  for (; rest > 127n; rest >>= 7n) out.push(Number(rest & 127n) | 128)
  return Uint8Array.from([...out, Number(rest)])
}

/** AttributeProto. */
export function attributeProto(name: string, a: Attribute): Uint8Array {
  const head = text(1, name)
  switch (a.kind) {
    case 'float':
      return concatBytes(head, Uint8Array.of(2 * 8 + 5), floatBytes(a.value), int(20, 1))
    case 'int':
      return concatBytes(head, signed(3, a.value), int(20, 2))
    case 'string':
      return concatBytes(head, bytes(4, utf8(a.value)), int(20, 3))
    case 'tensor':
      return concatBytes(head, bytes(5, tensorProto(a.value, '')), int(20, 4))
    case 'floats':
      return concatBytes(head, ...a.value.map((v) => concatBytes(Uint8Array.of(7 * 8 + 5), floatBytes(v))), int(20, 6))
    case 'ints':
      return concatBytes(head, ...a.value.map((v) => signed(8, v)), int(20, 7))
    case 'strings':
      return concatBytes(head, ...a.value.map((v) => bytes(9, utf8(v))), int(20, 8))
    case 'graph':
      throw new Error('a case has no subgraphs')
  }
}

/** The case as a model of one node. */
export function modelOfCase(c: NodeCase): Uint8Array {
  const n = nodeOf(c)
  const protos = Object.entries(c.attributes ?? {}).map(([name, a]) => attributeProto(name, a))
  const named = c.inputs.flatMap((t, i) => (t === undefined ? [] : [{ name: `i${i}`, t }]))
  const g = graph(
    [nodeProto(n.op, n.inputs, n.outputs, n.domain, ...protos)],
    named.filter(({ t }) => t.constant !== true).map(({ name, t }) => value(name, ONNX_TYPE[t.dtype], t.shape)),
    n.outputs.map((o) => text(1, o)),
    named.filter(({ t }) => t.constant === true).map(({ name, t }) => tensorProto(t, name)),
  )
  const onnx = (c.domain ?? '') === '' ? opsetOf(c) : 17
  const own = (c.domain ?? '') === '' ? [] : [bytes(8, text(1, c.domain as string), int(2, opsetOf(c)))]
  // IR version 8 with operator set 13 is what `model` writes: the last entry of a domain counts
  return concatBytes(model(g), bytes(8, int(2, onnx)), ...own)
}

const web = onnxWeb()

/** On onnxruntime-web, one thread, nothing fused; NaNs canonical. */
export async function onWeb(c: NodeCase): Promise<readonly Tensor[]> {
  const proto = modelOfCase(c)
  const loaded = await web.load(proto, fileCid(proto))
  try {
    return await loaded.run(c.inputs.flatMap((t, i) => (t === undefined || t.constant === true ? [] : [{ name: `i${i}`, ...t }])))
  } finally {
    await loaded.close()
  }
}

/** The first place where two tensors differ, in words; undefined where there is none. */
export function difference(ours: Tensor, theirs: Tensor): string | undefined {
  if (ours.dtype !== theirs.dtype || ours.shape.join() !== theirs.shape.join())
    return `${ours.dtype}[${ours.shape.join()}] against ${theirs.dtype}[${theirs.shape.join()}]`
  const at = ours.data.findIndex((b, i) => b !== theirs.data[i])
  if (at < 0) return undefined
  const i = Math.floor(at / DTYPES[ours.dtype])
  return ours.dtype === 'f32' ? `element ${i}: ${values32(ours)[i]} against ${values32(theirs)[i]}` : `element ${i}`
}

/** Where the kernels' outputs differ from those of onnxruntime-web, in one share or in three, with the case; undefined where they have its bits. */
export async function differs(c: NodeCase, shares: readonly number[] = [1, 3]): Promise<string | undefined> {
  const oracle = await onWeb(c)
  for (const parts of shares) {
    const ours = await onKernels(c, parts)
    const found = oracle.map((theirs, i) => difference(ours[i] as Tensor, theirs)).find((d) => d !== undefined)
    if (found !== undefined) return `${JSON.stringify({ ...c.attributes, shapes: c.inputs.map((t) => t?.shape) })} in ${parts}: ${found}`
  }
  return undefined
}
