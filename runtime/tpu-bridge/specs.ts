/** Tensor specs of a model: the check of a caller's inputs against them, and the gas of an inference. */
import type { Dtype, NamedTensor, Params, TensorSpec } from '../core/index.ts'
import { atensor, DTYPES, elementCount, limitError, LIMITS, UtnetError } from '../core/index.ts'

/** Throws `model_invalid` where the sides that a model declares multiply past what a tensor may have: its gas would be past all numbers, and nothing could be run. */
export function checkSpecs(specs: readonly TensorSpec[]): void {
  for (const { name, shape } of specs) {
    const least = shape.reduce((n, side) => (side === -1 ? n : n * side), 1)
    if (least > LIMITS.tensorElements)
      throw limitError(
        'model_invalid',
        'tensorElements',
        least,
        LIMITS.tensorElements,
        `elements of ${short(name)} as the model declares it`,
      )
  }
}

/** Throws `tensor_input`, `tensor_dtype` or `tensor_shape`, naming the offender, unless the inputs are exactly what the specs ask for. */
export function checkInputs(specs: readonly TensorSpec[], inputs: readonly NamedTensor[]): void {
  if (inputs.length > LIMITS.tensorsPerCall) {
    throw limitError('tensor_input', 'tensorsPerCall', inputs.length, LIMITS.tensorsPerCall, 'number of inputs')
  }
  const given = new Map<string, NamedTensor>()
  for (const input of inputs) {
    if (given.has(input.name)) throw new UtnetError('tensor_input', `input ${short(input.name)} is given twice`)
    given.set(input.name, input)
  }
  const known = new Set(specs.map((s) => s.name))
  for (const name of given.keys()) {
    if (!known.has(name)) {
      throw new UtnetError('tensor_input', `the model has no input ${short(name)}`, {
        hint: `its inputs: ${specs.map(describe).join(', ').slice(0, 400)}`,
      })
    }
  }
  for (const spec of specs) {
    const input = given.get(spec.name)
    if (input === undefined)
      throw new UtnetError('tensor_input', `input ${short(spec.name)} is missing`, { hint: `the model wants ${describe(spec)}` })
    checkInput(spec, input)
  }
}

/** In the graph's order, with bytes of their own. Throws what `checkInputs` does. */
export function ordered(specs: readonly TensorSpec[], inputs: readonly NamedTensor[]): NamedTensor[] {
  checkInputs(specs, inputs)
  return specs.map(({ name }) => {
    const { dtype, shape, data } = inputs.find((t) => t.name === name) as NamedTensor
    return { name, dtype, shape: [...shape], data: new Uint8Array(data) }
  })
}

function checkInput(spec: TensorSpec, input: NamedTensor): void {
  const what = `input ${short(input.name)}`
  atensor(input, what)
  const hint = `the model wants ${describe(spec)}`
  if (input.dtype !== spec.dtype)
    throw new UtnetError('tensor_dtype', `${what} has dtype ${input.dtype}, the model wants ${spec.dtype}`, { hint })
  // A session reports a scalar and a shape that is not declared alike, as []; the runtime itself tells them apart.
  if (spec.shape.length > 0 && !fits(spec.shape, input.shape)) {
    throw new UtnetError('tensor_shape', `${what} has shape [${input.shape.join(',')}], the model wants [${spec.shape.join(',')}]`, {
      hint,
    })
  }
  if (input.dtype === 'boolean' && input.data.some((b) => b > 1))
    throw new UtnetError('tensor_input', `${what} is boolean and has a byte that is neither 0 nor 1`)
}

const fits = (declared: readonly number[], shape: readonly number[]): boolean =>
  declared.length === shape.length && declared.every((d, i) => d === -1 || d === shape[i])

/** Gas of an inference: elements of the inputs and of outputs whose shape is declared whole, and bytes of the model. */
export function inferGas(params: Params, modelBytes: number, inputs: readonly NamedTensor[], outputs: readonly TensorSpec[]): bigint {
  let elements = 0
  for (const input of inputs) elements += elementCount(input.shape, `input ${short(input.name)}`)
  for (const { shape } of outputs) if (shape.length > 0 && !shape.includes(-1)) elements += shape.reduce((n, d) => n * d, 1)
  return BigInt(elements) * BigInt(params.host.tensorElement) + BigInt(modelBytes) * BigInt(params.host.tensorModelByte)
}

/** A spec for people: `x: f32[-1,3,48,320]`. */
export function describe(spec: TensorSpec): string {
  return `${short(spec.name)}: ${spec.dtype}[${spec.shape.join(',')}]`
}

/** True for a dtype that the bridge carries. */
export function isDtype(value: string): value is Dtype {
  return Object.hasOwn(DTYPES, value)
}

const short = (name: string): string => (name.length > 80 ? `${name.slice(0, 80)}...` : name)
