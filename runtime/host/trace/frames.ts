/** The source line of a frame: from the prepared module back to the component, and from there through the map. */
import type { GuestFrame } from '../../core/index.ts'
import { Positions, prepareLent, prepareProfiling } from '../prepare/index.ts'
import { WORLDS } from '../run/worlds.ts'
import { validate } from '../validate/index.ts'
import type { CoreModule } from '../wasm/index.ts'
import type { SourceMap, SourcePlace } from './source-map.ts'

/** Byte of the core module. The module is prepared once more: nothing is kept for this while guests run. */
function originalOf(module: CoreModule, { index, at }: GuestFrame, profiled: boolean): number | undefined {
  const positions = new Positions(index)
  if (profiled) prepareProfiling(module, { positions })
  else prepareLent(module, { positions })
  return positions.original(at)
}

/** The innermost place in code of the author, else the innermost; `profiled` says which variant the frames are of. Throws `guest_invalid`. */
export function sourceOf(component: Uint8Array, frames: readonly GuestFrame[], map: SourceMap, profiled: boolean): SourcePlace | undefined {
  const { module } = validate(component, WORLDS).core
  let inner: SourcePlace | undefined
  for (const frame of frames) {
    const body = module.bodies[frame.index - module.importedFunctions]
    const original = body && originalOf(module, frame, profiled)
    if (body === undefined || original === undefined) continue
    const offset = module.origin + original
    const within = [module.origin + body.start, module.origin + body.end] as const
    const author = map.author(offset, within)
    if (author !== undefined) return author
    inner ??= map.find(offset, within)
  }
  return inner
}
