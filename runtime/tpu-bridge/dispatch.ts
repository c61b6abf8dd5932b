/**
 * Which device runs a task: pure, the same for the same state. Devices of the arithmetic asked for that are not known to refuse the model, the cheapest first: a run costs its
 * device's price times the runs at the same place, this one included. Equal ones go by preference.
 */
import type { ArithmeticClass } from '../core/index.ts'
import { limitError, LIMITS, UtnetError } from '../core/index.ts'
import type { Device, DeviceClass } from './device.ts'

/** A device as dispatch sees it, in the order of preference. */
export interface Candidate {
  readonly class: DeviceClass
  /** What a run costs there, a positive whole number in a unit of the operator's own. */
  readonly price: number
  /** Runs at its place that are not over. */
  readonly atWork: number
  /** False where it is known to refuse the model. */
  readonly takes: boolean
}

/** The price of a device where nothing is said. */
export const DEFAULT_PRICE = 1

const ACCEPTS: Readonly<Record<ArithmeticClass, readonly DeviceClass[]>> = {
  any: ['exact', 'bounded', 'unchecked'],
  bounded: ['exact', 'bounded'],
  exact: ['exact'],
}

/** Candidates that may run the task, the first to be asked first. Throws `core_bad_argument` for an arithmetic that is none. */
export function placements<C extends Candidate>(candidates: readonly C[], arithmetic: ArithmeticClass): readonly C[] {
  if (!Object.hasOwn(ACCEPTS, arithmetic))
    throw new UtnetError('core_bad_argument', `arithmetic must be any, bounded or exact, got ${String(arithmetic).slice(0, 40)}`)
  // the sort is stable: equal ones stay in the order of preference
  return candidates.filter((c) => c.takes && ACCEPTS[arithmetic].includes(c.class)).sort((a, b) => costOf(a) - costOf(b))
}

const costOf = ({ price, atWork }: Candidate): number => price * (atWork + 1)

/** Prices by device, checked. Throws `core_bad_argument` for one that is no whole number from 1, or of no device. */
export function pricesOf(devices: readonly Pick<Device, 'id'>[], prices: Readonly<Record<string, number>>): ReadonlyMap<string, number> {
  const found = new Map<string, number>()
  for (const [id, price] of Object.entries(prices)) {
    if (!devices.some((d) => d.id === id))
      throw new UtnetError('core_bad_argument', `there is no device ${id.slice(0, 80)} to have a price`, {
        hint: `devices: ${devices.map((d) => d.id).join(', ')}`,
      })
    if (!Number.isSafeInteger(price) || price < 1)
      throw new UtnetError('core_bad_argument', `the price of ${id} must be a whole number from 1, got ${price}`)
    if (price > LIMITS.devicePrice) throw limitError('core_bad_argument', 'devicePrice', price, LIMITS.devicePrice, `price of ${id}`)
    found.set(id, price)
  }
  return found
}
