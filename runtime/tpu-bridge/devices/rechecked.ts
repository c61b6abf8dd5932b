/**
 * A device whose every answer an exact device has confirmed: the class of both together is `bounded`, as a whole. It saves no work; it is for servers whose results are
 * wanted although they cannot be compared, and for trying one out before it is trusted.
 */
import { DTYPES, UtnetError, type NamedTensor } from '../../core/index.ts'
import type { Device, LoadedModel } from '../device.ts'

/**
 * The bound of a whole model, relative to the greatest magnitude of the exact output: 2^-10, that of 14 good bits after 2^10 to 2^14 roundings of 2^-24 that all add up
 * the same way (square-root growth leaves far less). Chosen, not derived: a network can amplify differences at will. Integers must be equal.
 */
const WHOLE_MODEL_BOUND = 2 ** -10

/** `unsure`, believed only where `exact` comes to the same within the bound. */
export function rechecked(unsure: Device, exact: Device): Device {
  if (exact.class !== 'exact')
    throw new UtnetError('core_bad_argument', `what confirms ${unsure.id} must be exact, ${exact.id} is ${exact.class}`)
  const arithmetic = `bounded:${unsure.arithmetic}:rechecked:${exact.arithmetic}`
  return {
    id: unsure.id,
    class: 'bounded',
    arithmetic,
    ...(unsure.place === undefined ? {} : { place: unsure.place }),
    async available() {
      const state = await unsure.available()
      return state === true ? exact.available() : state
    },
    async load(bytes, model) {
      const [theirs, ours] = await both(unsure.load(bytes, model), exact.load(bytes, model))
      return pair(unsure.id, arithmetic, theirs, ours)
    },
    async close() {
      await Promise.all([unsure.close(), exact.close()])
    },
  }
}

/** Both, or neither: what the other one loaded is closed again. */
async function both(first: Promise<LoadedModel>, second: Promise<LoadedModel>): Promise<readonly [LoadedModel, LoadedModel]> {
  const [a, b] = await Promise.allSettled([first, second])
  if (a.status === 'fulfilled' && b.status === 'fulfilled') return [a.value, b.value]
  for (const side of [a, b]) if (side.status === 'fulfilled') await side.value.close()
  throw (a.status === 'rejected' ? a : (b as PromiseRejectedResult)).reason
}

function pair(id: string, arithmetic: string, theirs: LoadedModel, ours: LoadedModel): LoadedModel {
  async function run(inputs: readonly NamedTensor[]): Promise<readonly NamedTensor[]> {
    const [given, known] = await Promise.all([theirs.run(inputs), ours.run(inputs)])
    known.forEach((tensor, i) => {
      const why = disagreement(given[i], tensor)
      if (why !== undefined)
        throw new UtnetError('device_failed', `device ${id} gave an output ${tensor.name} that ${why}`, {
          hint: 'do not trust it with this model',
        })
    })
    return given
  }
  return {
    inputs: ours.inputs,
    outputs: ours.outputs,
    gone: () => [theirs, ours].some((model) => model.gone?.() ?? false),
    bytes: theirs.bytes + ours.bytes,
    run,
    verified: async (inputs) => ({ arithmetic, entries: 0, checkpoints: [], exceptions: [], outputs: await run(inputs) }),
    async close() {
      await Promise.all([theirs.close(), ours.close()])
    },
  }
}

/** How a result is not what an exact device came to; undefined where it is, within the bound. */
export function disagreement(given: NamedTensor | undefined, exact: NamedTensor): string | undefined {
  if (given === undefined || given.dtype !== exact.dtype || given.shape.join() !== exact.shape.join()) return 'is of another type'
  if (exact.dtype !== 'f32' && exact.dtype !== 'f64') {
    const at = exact.data.findIndex((byte, i) => byte !== given.data[i])
    return at < 0 ? undefined : `differs at element ${Math.floor(at / DTYPES[exact.dtype])}`
  }
  const [a, b] = [floats(given), floats(exact)]
  let greatest = 0
  for (const x of b) if (Number.isFinite(x)) greatest = Math.max(greatest, Math.abs(x))
  const most = greatest * WHOLE_MODEL_BOUND
  for (let i = 0; i < b.length; i++) {
    const [x, y] = [a[i] as number, b[i] as number]
    if (!Object.is(x, y) && !(Math.abs(x - y) <= most)) return `differs by ${Math.abs(x - y)} at element ${i}, more than ${most}`
  }
  return undefined
}

function floats({ dtype, data }: NamedTensor): Float32Array | Float64Array {
  const { buffer } = new Uint8Array(data)
  return dtype === 'f32' ? new Float32Array(buffer) : new Float64Array(buffer)
}
