/** `OperatorRunner`: operators of a model one by one, whole or in part, each as a model of one node on a runtime at hand. */
import {
  DTYPES,
  fileCid,
  UtnetError,
  type CID,
  type NamedTensor,
  type NodeFacts,
  type OperatorPart,
  type OperatorRunner,
  type Tensor,
} from '../../core/index.ts'
import type { Device } from '../device.ts'
import { WasmGraph, type ExactGuest, wasmArithmetic } from '../devices/wasm/index.ts'
import { nodeAt, nodeModel, operandNames, readModel, type Model, type Node, writeModel } from '../graph/index.ts'
import { operatorKey } from '../operators/index.ts'
import { serialQueue } from '../queue.ts'
import { cutTensor } from './cut.ts'
import { partOf, type Part } from './part.ts'

/** Bytes of a model; throws `model_not_found` or `block_not_found`. */
export type ReadFile = (model: CID) => Promise<Uint8Array>

/** A runtime that operators run on. */
interface Runtime {
  readonly arithmetic: string
  /** Runs a model of one node from its operands, as `operandNames` gives them: its outputs in their places. */
  alone(model: Model, operands: readonly (Tensor | undefined)[]): Promise<readonly Tensor[]>
  /** A model that stays loaded for its operators as they are; where it is left out, each runs alone. */
  open?(model: Model): Loaded
}

interface Loaded {
  operator(path: readonly number[], operands: readonly (Tensor | undefined)[]): Promise<readonly Tensor[]>
  close(): Promise<void>
}

/** Models that stay read. */
const KEPT = 4

/** On kernels: what a referee of exact runs does. */
export function wasmOperators({ exact, models }: { readonly exact: ExactGuest; readonly models: ReadFile }): OperatorRunner {
  return operators(models, {
    arithmetic: wasmArithmetic(exact.component),
    async alone(model, operands) {
      const graph = new WasmGraph(model, exact, undefined)
      try {
        return await graph.operator([0], operands)
      } finally {
        await graph.close()
      }
    },
    open: (model) => new WasmGraph(model, exact, undefined),
  })
}

/** On a device that takes whole files. */
export function deviceOperators(device: Device, models: ReadFile): OperatorRunner {
  return operators(models, {
    arithmetic: device.arithmetic,
    async alone(model, operands) {
      const { model: one, inputs, outputs } = nodeModel(model, [0], operands)
      const bytes = writeModel(one)
      const loaded = await device.load(bytes, fileCid(bytes))
      try {
        const found = await loaded.run(inputs.map(([name, operand]) => ({ name, ...(operands[operand] as Tensor) })))
        const [node] = model.graph.nodes
        return (node as Node).outputs.map((name) => found[outputs.indexOf(name)] ?? NOTHING)
      } finally {
        await loaded.close()
      }
    },
  })
}

/** Stands for an output that the node does not name. */
const NOTHING: Tensor = { dtype: 'u8', shape: [0], data: new Uint8Array(0) }

function operators(files: ReadFile, { arithmetic, alone, open }: Runtime): OperatorRunner {
  /** In order of use, the least recent first. */
  const held = new Map<string, Promise<{ readonly model: Model; readonly loaded: Loaded | undefined }>>()
  const parts = new WeakMap<OperatorPart, Part>()
  const turn = serialQueue()

  function heldOf(cid: CID): Promise<{ readonly model: Model; readonly loaded: Loaded | undefined }> {
    const key = cid.toString()
    const found =
      held.get(key) ??
      files(cid).then((bytes) => {
        const model = readModel(bytes)
        return { model, loaded: open?.(model) }
      })
    held.delete(key)
    held.set(key, found)
    found.catch(() => held.delete(key))
    for (const [old, model] of held) {
      if (held.size <= KEPT) break
      held.delete(old)
      void model.then(({ loaded }) => turn(async () => loaded?.close())).catch(() => {})
    }
    return found
  }

  const modelOf = async (cid: CID): Promise<Model> => (await heldOf(cid)).model

  return {
    arithmetic,

    async node(cid, path) {
      const { node, constant } = nodeAt(await modelOf(cid), path)
      return { operator: operatorKey(node), attributes: plainAttributes(node), constants: operandNames(node).map(constant) }
    },

    async part(cid, path, operands, output, shape, element) {
      const { node, constant } = nodeAt(await modelOf(cid), path)
      const names = operandNames(node)
      // an operand that stands twice would have to be cut in two ways
      if (output !== 0 || names.some((name, i) => name !== '' && names.indexOf(name) !== i)) return undefined
      const constants = names.map(constant)
      const types = names.map((name, i) => (name === '' ? undefined : (constants[i] ?? operands[i])))
      const part = partOf(node, types, shape, element)
      if (part === undefined) return undefined
      const given: OperatorPart = {
        operands: part.operands.map((box, i) => (constants[i] === undefined ? box : undefined)),
        output,
        box: part.box,
        cost: part.cost,
      }
      parts.set(given, part)
      return given
    },

    async run(cid, path, operands, { part, magnitudes = false } = {}) {
      const { model, loaded } = await heldOf(cid)
      const { node, constant } = nodeAt(model, path)
      if (node.domain === '' && node.op === 'If') return branchOutputs(node, operands)
      if (part === undefined && !magnitudes && loaded !== undefined) return turn(() => loaded.operator(path, operands))
      const cut = part === undefined ? undefined : parts.get(part)
      if (part !== undefined && cut === undefined) throw new UtnetError('core_bad_argument', 'a part is run by the runner that gave it')
      const names = operandNames(node)
      const constants = new Map<string, Tensor>()
      const inputs = new Map<string, NamedTensor>()
      const given = names.map((name, i) => {
        const known = name === '' ? undefined : constant(name)
        const box = cut?.operands[i]
        const tensor = known === undefined ? operands[i] : box === undefined ? known : cutTensor(known, box)
        if (name === '') return undefined
        if (tensor === undefined) throw new UtnetError('core_bad_argument', `operand ${i} of the node at [${path.join(',')}] is missing`)
        const own = magnitudes ? absolute(tensor) : tensor
        if (known !== undefined) constants.set(name, own)
        else if (!inputs.has(name)) inputs.set(name, { name, ...own })
        return own
      })
      const ran = cut?.node ?? node
      const graph = {
        inputs: [...inputs.values()].map(({ name, dtype, shape }) => ({ name, dtype, shape })),
        outputs: node.outputs.filter((name) => name !== '').map((name) => ({ name })),
        constants,
        nodes: [magnitudes ? withoutActivation(ran) : ran],
      }
      return alone({ opsets: model.opsets, graph }, given)
    },
  }
}

/** Numbers, text and lists of numbers among the attributes. */
function plainAttributes({ attributes }: Node): NodeFacts['attributes'] {
  const plain = new Map<string, number | string | readonly number[]>()
  for (const [name, a] of attributes)
    if (a.kind === 'int' || a.kind === 'float' || a.kind === 'string' || a.kind === 'ints' || a.kind === 'floats') plain.set(name, a.value)
  return plain
}

/** What an `If` gives: the values of the branch that ran, which stand behind the condition. */
const branchOutputs = (node: Node, operands: readonly (Tensor | undefined)[]): readonly Tensor[] =>
  node.outputs.map((_, i) => {
    const operand = operands[i + 1]
    if (operand === undefined) throw new UtnetError('core_bad_argument', `operand ${i + 1} of an If is missing`)
    return operand
  })

/** A fused node gives what its products sum up to. */
function withoutActivation(node: Node): Node {
  if (!node.op.startsWith('Fused')) return node
  return { ...node, attributes: new Map([...node.attributes].filter(([name]) => !name.startsWith('activation'))) }
}

/** Floats without their sign; other dtypes as they are. */
function absolute(tensor: Tensor): Tensor {
  if (tensor.dtype !== 'f32' && tensor.dtype !== 'f64') return tensor
  const data = new Uint8Array(tensor.data)
  const size = DTYPES[tensor.dtype]
  // the sign is the top bit of an element's last byte
  for (let i = size - 1; i < data.length; i += size) data[i] = (data[i] as number) & 0x7f
  return { ...tensor, data }
}
