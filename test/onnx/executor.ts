/** Runs graphs on the kernels of `exact`, node by node, each operand copied: slow, and independent of how a device plans its memory. */
import { DTYPES, elementCount, UtnetError, type NamedTensor, type Tensor } from '../../runtime/core/index.ts'
import { operandNames, type Graph, type Model, type Node } from '../../runtime/tpu-bridge/graph/index.ts'
import { lower, type Lowered, type Operand } from '../../runtime/tpu-bridge/operators/index.ts'
import { exactModule } from '../../runtime/tpu-bridge/operators/testing/exact-guest.ts'
import { canonicaliseNaNs } from '../../runtime/tpu-bridge/nan.ts'

interface Kernels {
  readonly memory: WebAssembly.Memory
  readonly 'utnet:gas': WebAssembly.Global
  kernel(id: number, p: number, part: number, parts: number): number
  arena(bytes: number): number
}

export interface Executor {
  /** Outputs in the graph's order, NaNs canonical. Throws what lowerings throw, and `tensor_input` where a kernel stops. */
  run(model: Model, inputs: readonly NamedTensor[]): readonly Tensor[]
}

/** What kernels may read behind an operand, and the border that it begins at. */
const padded = (bytes: number): number => ((bytes + 15) & ~15) + 64

export async function startExecutor(): Promise<Executor> {
  const module = await exactModule()
  let kernels: Kernels
  let room = { at: 0, bytes: 0 }

  /** Memory never shrinks, and a room that was outgrown is lost: an instance of its own for every model. */
  const start = (): void => {
    kernels = new WebAssembly.Instance(module).exports as unknown as Kernels
    kernels['utnet:gas'].value = 1n << 62n
    room = { at: 0, bytes: 0 }
  }

  const need = (bytes: number): number => {
    if (bytes > room.bytes) {
      const at = kernels.arena(bytes)
      if (at === 0) throw new UtnetError('core_too_large', 'the case does not fit the memory of a guest')
      room = { at, bytes }
    }
    return room.at
  }

  function steps(lowered: Lowered, inputs: readonly (Tensor | undefined)[]): readonly Tensor[] {
    const outputBytes = lowered.outputs.map((o) => elementCount(o.shape, 'output') * DTYPES[o.dtype])
    const sizes = [...inputs.map((t) => t?.data.length ?? 0), ...outputBytes, ...lowered.temps]
    const words = lowered.steps.reduce((n, s) => Math.max(n, s.operands.length + s.params.length), 0) * 4
    let at = need(sizes.reduce((n, s) => n + padded(s), 0) + words)
    const places = sizes.map((size) => {
      const place = at
      at += padded(size)
      return place
    })
    const memory = new Uint8Array(kernels.memory.buffer)
    inputs.forEach((t, i) => t && memory.set(t.data, places[i]))
    const place = (o: Operand): number => {
      if (o === null || (o.of === 'input' && inputs[o.index] === undefined)) return 0
      const first = o.of === 'input' ? 0 : o.of === 'output' ? inputs.length : inputs.length + outputBytes.length
      return places[first + o.index] as number
    }
    for (const step of lowered.steps) {
      new Int32Array(memory.buffer, at).set([...step.operands.map(place), ...step.params])
      const status = kernels.kernel(step.kernel, at, 0, 1)
      if (status !== 0) throw new UtnetError('tensor_input', `kernel ${step.kernel} stopped with status ${status}`)
    }
    return lowered.outputs.map((o, i) => {
      const alias = lowered.aliases?.find(([out]) => out === i)
      const known = lowered.known?.get(i)
      const from = places[alias === undefined ? inputs.length + i : alias[1]] as number
      return { ...o, data: new Uint8Array(known ?? memory.slice(from, from + (outputBytes[i] as number))) }
    })
  }

  function graph(model: Model, g: Graph, values: Map<string, Tensor>, constants: Set<string>): void {
    for (const [name, tensor] of g.constants) {
      values.set(name, tensor)
      constants.add(name)
    }
    for (const node of g.nodes)
      if (!(node.domain === '' && node.op === 'If' && branch(model, node, values, constants))) one(model, node, values, constants)
  }

  function branch(model: Model, node: Node, values: Map<string, Tensor>, constants: Set<string>): boolean {
    const condition = values.get(node.inputs[0] ?? '')
    const taken = node.attributes.get(condition?.data[0] === 0 ? 'else_branch' : 'then_branch')
    if (taken?.kind !== 'graph') throw new UtnetError('model_invalid', 'If has no branch')
    graph(model, taken.value, values, constants)
    node.outputs.forEach((name, i) => values.set(name, values.get(taken.value.outputs[i]?.name ?? '') as Tensor))
    return true
  }

  function one(model: Model, node: Node, values: Map<string, Tensor>, constants: Set<string>): void {
    const names = operandNames(node)
    const inputs = names.map((name) => (name === '' ? undefined : values.get(name)))
    const lowered = lower({
      node,
      opset: model.opsets.get(node.domain) ?? 1,
      inputs: inputs.map(
        (t, i) => t && { dtype: t.dtype, shape: t.shape, constant: constants.has(names[i] as string), value: () => t.data },
      ),
      wanted: node.outputs.map((name) => name !== ''),
    })
    const outputs = steps(lowered, inputs)
    node.outputs.forEach((name, i) => name !== '' && values.set(name, outputs[i] as Tensor))
  }

  return {
    run(model, inputs) {
      start()
      const values = new Map<string, Tensor>(inputs.map((t) => [t.name, t]))
      graph(model, model.graph, values, new Set())
      return model.graph.outputs.map(({ name }) => {
        const found = values.get(name)
        if (found === undefined) throw new UtnetError('model_invalid', `nothing gives output ${name}`)
        // constants lie anywhere in the file
        const own = { ...found, data: found.data.slice() }
        canonicaliseNaNs(own)
        return own
      })
    },
  }
}
