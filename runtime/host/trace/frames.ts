/** The source line of a frame: from the prepared module back to the component, and from there through a source map, or the compiler's own line tables. */
import type { GuestFrame } from '../../core/index.ts'
import { Positions } from '../prepare/index.ts'
import { coresOf, type Core } from './cores.ts'
import { debugLines } from './debug-lines.ts'
import type { Range, SourceMap, SourcePlace } from './places.ts'

/** Byte of the core module. */
function originalOf({ place }: Core, { index, at }: GuestFrame, profiled: boolean): number | undefined {
  const positions = new Positions(index)
  place(positions, profiled)
  return positions.original(at)
}

/**
 * The innermost place in code of the author, else the innermost; `profiled` says which variant the frames are of. Without a map the component's own line
 * tables are read. Throws `guest_invalid`.
 */
export function sourceOf(
  component: Uint8Array,
  frames: readonly GuestFrame[],
  given: SourceMap | undefined,
  profiled: boolean,
): SourcePlace | undefined {
  const cores = coresOf(component)
  const map = given ?? debugLines(cores)
  if (map === undefined) return undefined
  type Find = (offset: number, within: Range) => SourcePlace | undefined
  const first = (find: Find): SourcePlace | undefined => {
    for (const frame of frames) {
      const core = cores[frame.module ?? 0]
      const body = core?.module.bodies[frame.index - core.module.importedFunctions]
      if (core === undefined || body === undefined) continue
      const { origin } = core.module
      const within = [origin + body.start, origin + body.end] as const
      // Where nothing is known of a function, its module need not be prepared again
      if (find(within[1] - 1, within) === undefined) continue
      const original = originalOf(core, frame, profiled)
      const place = original === undefined ? undefined : find(origin + original, within)
      if (place !== undefined) return place
    }
    return undefined
  }
  return first((offset, within) => map.author(offset, within)) ?? first((offset, within) => map.find(offset, within))
}
