/**
 * The source map of a component (version 3, as WebAssembly uses it: one line of mappings, columns are byte offsets).
 * The compiler's own map counts in its core module; here offsets count in the component, as those of the validator do.
 */
import { decode, encode } from '@jridgewell/sourcemap-codec'
import { UtnetError } from '../../../core/errors.ts'
import { readComponent } from '../../component/index.ts'
import { readModule, SECTION, type CoreModule } from '../../wasm/index.ts'

/** The compiler notes where a map lies in a section of its own; the component must not depend on whether there is one. */
const URL_SECTION = 'sourceMappingURL'

function codeStart({ sections, origin }: CoreModule): number {
  const code = sections.find((s) => s.id === SECTION.code)
  if (code === undefined) throw new UtnetError('guest_build', 'the core module has no code')
  return origin + code.start
}

/** The module without the section that names its map. */
export function withoutMapUrl(core: Uint8Array): Uint8Array {
  const { sections } = readModule(core)
  const url = sections.findLast((s) => s.id === SECTION.custom && s.name === URL_SECTION)
  if (url === undefined || url.end !== core.length) throw new UtnetError('guest_build', 'the compiler wrote no source map')
  const before = sections.at(-2)
  return core.subarray(0, before === undefined ? 8 : before.end)
}

/** The compiler's map of `core`, moved to where the component holds its code. */
export function componentSourceMap(map: string, core: Uint8Array, component: Uint8Array): string {
  const [main] = readComponent(component).modules
  if (main === undefined) throw new UtnetError('guest_build', 'the component has no core module')
  const moved = codeStart(readModule(main.bytes, main.offset)) - codeStart(readModule(core))
  const { mappings, ...rest } = JSON.parse(map) as { readonly mappings: string }
  const lines = decode(mappings).map((line) => line.map((segment) => [segment[0] + moved, ...segment.slice(1)] as typeof segment))
  return JSON.stringify({ ...rest, mappings: encode(lines) })
}
