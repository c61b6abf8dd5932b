/** The core modules of a component, of our own shape or linked, for who asks where in them something was. */
import type { WasmPrices } from '../../core/index.ts'
import { readCores } from '../linked/index.ts'
import { prepareLent, prepareProfiling, pricesOf, type Positions } from '../prepare/index.ts'
import { WORLDS } from '../run/imports/index.ts'
import { validate } from '../validate/index.ts'
import type { CoreModule } from '../wasm/index.ts'

export interface Core {
  readonly module: CoreModule
  readonly prices: WasmPrices
  /** Of a function; undefined where the component has one module, whose lines say more. */
  readonly nameOf: ((index: number) => string) | undefined
  /** Prepares it once more, for where its instructions went: nothing is kept for this while guests run. */
  readonly place: (positions: Positions, profiled: boolean) => void
}

function own(component: Uint8Array): Core {
  const { module } = validate(component, WORLDS).core
  return {
    module,
    prices: pricesOf(module),
    nameOf: undefined,
    place: (positions, profiled) => void (profiled ? prepareProfiling(module, { positions }) : prepareLent(module, { positions })),
  }
}

/** In the order of the component. Throws `guest_invalid`. */
export function coresOf(component: Uint8Array): readonly Core[] {
  const linked = readCores(component)
  if (linked === undefined) return [own(component)]
  return linked.map(({ module, reach, nameOf, place }) => ({ module, prices: pricesOf(module, reach), nameOf, place }))
}
