/** `utnet:host/tensor`: its WIT types, tensors as values, and `infer` with its log. */
import {
  atensor,
  DTYPES,
  encode,
  equalBytes,
  isUtnetError,
  LIMITS,
  sha256,
  tensorHeads,
  toHex,
  UtnetError,
  asArray,
  asBytes,
  asCid,
  asText,
  asU64,
  type ArithmeticClass,
  type Cbor,
  type Dtype,
  type HostLog,
  type ModelUse,
  type NamedTensor,
  type Tensor,
  type TensorBridge,
  type WitFunction,
  type WitValue,
} from '../../../core/index.ts'
import { hostFunction, LimitTrap, wit, type HostInterfaces, type Meter } from '../../abi/index.ts'

const { string, u32, bytes, list, result, record } = wit
const DTYPE_NAMES = Object.keys(DTYPES) as Dtype[]
const ARITHMETIC: readonly ArithmeticClass[] = ['any', 'bounded', 'exact']

const TENSOR = record({ dtype: wit.enum(...DTYPE_NAMES), shape: list(u32), data: bytes })
const NAMED = record({ name: string, value: TENSOR })

/** What an operator exports. */
export const OPERATOR_RUN: WitFunction = {
  name: 'run',
  params: [{ name: 'inputs', type: list(TENSOR) }],
  result: result(list(TENSOR), string),
}

export const tensorValue = (t: Tensor): WitValue => [DTYPE_NAMES.indexOf(t.dtype), [...t.shape], t.data]

/** The tensor of a lifted value; throws `tensor_*` naming `what`. */
export function tensorOf(value: WitValue, what: string): Tensor {
  const [dtype, shape, data] = value as unknown as [number, readonly number[], Uint8Array]
  return atensor({ dtype: DTYPE_NAMES[dtype] as Dtype, shape, data }, what)
}

/** What the functions of a run ask of the tensor bridge, and what they were told before. */
export interface TensorState {
  readonly meter: Meter
  readonly tensors: Inference
}

const failure = (message: string): WitValue => [1, message]
const success = (outputs: readonly NamedTensor[]): WitValue => [0, outputs.map((t) => [t.name, tensorValue(t)])]

/** Inferences of one run: asked of the bridge and logged, or read from the log of an earlier run. */
export class Inference {
  readonly entries: Cbor[] = []
  readonly files = new Map<string, Uint8Array>()
  readonly models: ModelUse[] = []
  readonly #bridge: TensorBridge | undefined
  readonly #replay: HostLog | undefined
  #bytes = 0

  constructor(bridge: TensorBridge | undefined, replay: HostLog | undefined) {
    this.#bridge = bridge
    this.#replay = replay
  }

  /** Of the files of its log. */
  get bytes(): number {
    return this.#bytes
  }

  async infer(meter: Meter, model: string, arithmetic: ArithmeticClass, inputs: readonly NamedTensor[]): Promise<WitValue> {
    if (this.#replay !== undefined) return this.#again(meter, this.#replay, model, arithmetic, inputs)
    const bridge = this.#bridge
    if (bridge === undefined)
      throw new UtnetError('device_missing', 'this node runs no tensor bridge', { hint: 'start the node with a device' })
    // The inputs are copies out of the guest, so it does not matter when they are hashed: the bridge does while the device works.
    const asked = (heads = tensorHeads(inputs)): readonly Cbor[] => [model, arithmetic, heads]
    let gas = 0n
    try {
      const price = bridge.gasOf(model, inputs)
      // Waited for only where it must be: a run that ends here then still shows where it was
      gas = typeof price === 'bigint' ? price : await price
      this.#pay(meter, asked, gas)
      const { model: cid, arithmetic: id, outputs, root, commitment, heads } = await bridge.infer(model, inputs, arithmetic)
      const told = heads?.outputs ?? tensorHeads(outputs)
      this.entries.push(['tensor.infer', ...asked(heads?.inputs), gas, cid, id, told, root])
      told.forEach(([, , , hash], i) => this.#keep(toHex(hash), (outputs[i] as NamedTensor).data))
      if (commitment !== undefined) this.#keep(toHex(root), commitment)
      this.models.push({ model: cid, arithmetic: id, root })
      return success(outputs)
    } catch (error) {
      // What the guest asked wrongly is its answer; what the node could not do is not
      if (!isUtnetError(error) || error.fault !== 'caller') throw error
      const message = `${error.code}: ${error.message}`
      this.entries.push(['tensor.error', ...asked(), gas, message])
      return failure(message)
    }
  }

  /** A run that ends here is logged as well: its repetition must end at the same call. */
  #pay(meter: Meter, asked: () => readonly Cbor[], gas: bigint): void {
    try {
      meter.charge(Number(gas))
    } catch (error) {
      this.entries.push(['tensor.gas', ...asked(), gas])
      throw error
    }
  }

  #keep(hash: string, data: Uint8Array): void {
    this.files.set(hash, data)
    this.#bytes += data.length
    if (this.#bytes > LIMITS.logBytes)
      throw new LimitTrap('logBytes', `inferences answered more than the limit logBytes of ${LIMITS.logBytes}`)
  }

  #again(meter: Meter, log: HostLog, model: string, arithmetic: ArithmeticClass, inputs: readonly NamedTensor[]): WitValue {
    const at = this.entries.length
    const entry = log.entries[at]
    const mismatch = (why: string): UtnetError =>
      new UtnetError('replay_mismatch', `the guest's host call ${at} is not that of the log: ${why}`)
    if (!Array.isArray(entry)) throw mismatch('the log has no such entry')
    const [kind, ...rest] = entry as readonly Cbor[]
    const asked = [model, arithmetic, tensorHeads(inputs)]
    if (!equalBytes(encode(rest.slice(0, 3)), encode(asked))) throw mismatch('it asks something else')
    this.entries.push(entry as Cbor)
    meter.charge(Number(asU64(rest[3], 'gas')))
    if (kind === 'tensor.infer') return this.#told(rest, log, mismatch)
    if (kind !== 'tensor.error') throw mismatch('the log ends it for want of gas')
    return failure(asText(rest[4], 'error of an inference'))
  }

  #told(rest: readonly Cbor[], log: HostLog, mismatch: (why: string) => UtnetError): WitValue {
    const model = asCid(rest[4], 'model')
    const arithmetic = asText(rest[5], 'arithmetic')
    const root = asBytes(rest[7], 'root', 32)
    const hashes: string[] = []
    const outputs = asArray(rest[6], 'outputs').map((head): NamedTensor => {
      const [name, dtype, shape, hash] = asArray(head, 'output', 4)
      const hex = toHex(asBytes(hash, 'hash of an output', 32))
      const data = log.files.get(hex)
      if (data === undefined || toHex(sha256(data)) !== hex) throw mismatch(`the output ${hex} is not among its files`)
      hashes.push(hex)
      return {
        name: asText(name, 'name'),
        ...atensor({ dtype: asText(dtype, 'dtype') as Dtype, shape: shape as number[], data }, 'logged output'),
      }
    })
    outputs.forEach((t, i) => this.#keep(hashes[i] as string, t.data))
    const commitment = log.files.get(toHex(root))
    if (commitment !== undefined) this.#keep(toHex(root), commitment)
    this.models.push({ model, arithmetic, root })
    return success(outputs)
  }

  /** After the run: a replay must have used its whole log. */
  finish(): HostLog {
    const left = (this.#replay?.entries.length ?? 0) - this.entries.length
    if (this.#replay !== undefined && left !== 0)
      throw new UtnetError('replay_mismatch', `the log has ${left} host calls more than the guest made`)
    return { entries: this.entries, files: this.files }
  }
}

export const TENSORS: HostInterfaces<TensorState> = {
  'utnet:host/tensor': {
    infer: hostFunction(
      { model: string, inputs: list(NAMED), arithmetic: wit.enum(...ARITHMETIC) },
      result(list(NAMED), string),
      async ({ tensors, meter }, [model, inputs, arithmetic]) => {
        const items = inputs as unknown as readonly (readonly [string, WitValue])[]
        let named: NamedTensor[]
        try {
          if (items.length > LIMITS.tensorsPerCall)
            return failure(`core_too_large: ${items.length} inputs are over the limit tensorsPerCall of ${LIMITS.tensorsPerCall}`)
          named = items.map(([name, value]) => ({ name, ...tensorOf(value, `input ${JSON.stringify(name)}`) }))
        } catch (error) {
          if (!isUtnetError(error)) throw error
          return failure(`${error.code}: ${error.message}`)
        }
        return tensors.infer(meter, model as string, ARITHMETIC[arithmetic as number] as ArithmeticClass, named)
      },
      true,
    ),
  },
}

/** The tensor with every NaN as the positive canonical one (f32 and f64). */
export function canonicalNans(tensor: Tensor): Tensor {
  const { dtype, data } = tensor
  if (dtype !== 'f32' && dtype !== 'f64') return tensor
  const view = new DataView(data.buffer, data.byteOffset, data.length)
  if (dtype === 'f32') {
    for (let i = 0; i < data.length; i += 4) if ((view.getUint32(i, true) & 0x7fff_ffff) > 0x7f80_0000) view.setUint32(i, 0x7fc0_0000, true)
    return tensor
  }
  for (let i = 0; i < data.length; i += 8)
    if ((view.getBigUint64(i, true) & 0x7fff_ffff_ffff_ffffn) > 0x7ff0_0000_0000_0000n) view.setBigUint64(i, 0x7ff8_0000_0000_0000n, true)
  return tensor
}
