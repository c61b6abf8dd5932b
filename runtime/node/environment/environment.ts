/** The environment that rounds sample, on the exact kernels: what any node computes again to the bit (U2.3-PIEE-2, U5.2-ENV-1). */
import { cidOf, digest, encode, RAW, tensorRoot, UtnetError, type NamedTensor } from '../../core/index.ts'
import type { CatEnvironment } from '../../consensus/index.ts'
import { wasmDevice, writeModel, type Device, type LazyExact, type LoadedModel } from '../../tpu-bridge/index.ts'
import { STACK, STACK_OPSET, type StackOperand, type StackOperator } from './stack.ts'

/** Bytes that follow from the challenge: digest("cat-operand", [challenge, operand, i]) for i = 0, 1, ... one after the other. */
function seededBytes(challenge: Uint8Array, operand: number, length: number): Uint8Array {
  const out = new Uint8Array(length)
  for (let at = 0, i = 0; at < length; at += 32, i++) {
    const block = digest('cat-operand', encode([challenge, operand, i]))
    out.set(block.subarray(0, Math.min(32, length - at)), at)
  }
  return out
}

/** An operand: bytes as they come, or floats v / 32768 of signed 16-bit numbers (little-endian), which every float holds exactly. */
function operandOf(challenge: Uint8Array, place: number, { dtype, shape }: StackOperand): NamedTensor {
  const count = shape.reduce((n, side) => n * side, 1)
  const name = `x${place}`
  if (dtype === 'u8') return { name, dtype, shape, data: seededBytes(challenge, place, count) }
  const numbers = new DataView(seededBytes(challenge, place, 2 * count).buffer)
  const data = new Uint8Array(4 * count)
  const floats = new DataView(data.buffer)
  for (let i = 0; i < count; i++) floats.setFloat32(4 * i, numbers.getInt16(2 * i, true) / 32_768, true)
  return { name, dtype, shape, data }
}

/** The operator as a model of one node. */
function modelOf(op: string, { operands, attributes }: StackOperator): Uint8Array {
  const inputs = operands.map(({ dtype, shape }, i) => ({ name: `x${i}`, dtype, shape }))
  const node = {
    name: '',
    op,
    domain: '',
    inputs: inputs.map((x) => x.name),
    outputs: ['y'],
    attributes: new Map(Object.entries(attributes)),
  }
  return writeModel({
    opsets: new Map([['', STACK_OPSET]]),
    graph: { inputs, outputs: [{ name: 'y' }], constants: new Map(), nodes: [node] },
  })
}

/** Digest of operator, operands and output: what the drawn chips sign (Q of eq. 1, with its task). */
function resultDigest(operator: string, inputs: readonly NamedTensor[], outputs: readonly NamedTensor[]): Uint8Array {
  return digest('cat-result', encode([operator, inputs.map((t) => tensorRoot(t)), outputs.map((t) => tensorRoot(t))]))
}

export interface ExactEnvironment extends CatEnvironment {
  close(): Promise<void>
}

/** The environment over the kernels of a component; `device` in their place runs them elsewhere. Throws nothing: what fails, fails when it runs. */
export function exactEnvironment(exact: LazyExact, device?: Pick<Device, 'load' | 'close'>): ExactEnvironment {
  let kernels = device
  const models = new Map<string, Promise<LoadedModel>>()
  const load = (name: string, operator: StackOperator): Promise<LoadedModel> => {
    let model = models.get(name)
    if (model === undefined) {
      kernels ??= wasmDevice({ exact: { component: exact.component, ...exact.ready() } })
      const bytes = modelOf(name, operator)
      model = kernels.load(bytes, cidOf(RAW, bytes))
      models.set(name, model)
      // one that did not load is tried again
      model.catch(() => models.delete(name))
    }
    return model
  }
  return {
    async run({ operator, challenge }) {
      const known = STACK.get(operator)
      if (known === undefined)
        throw new UtnetError('operator_unsupported', `${operator.slice(0, 64)} is no operator of the environment`, {
          hint: 'run a version of utnet that knows the operators of this chain',
        })
      const model = await load(operator, known)
      const inputs = known.operands.map((operand, i) => operandOf(challenge, i, operand))
      return resultDigest(operator, inputs, await model.run(inputs))
    },
    async close() {
      models.clear()
      await kernels?.close()
    },
  }
}
