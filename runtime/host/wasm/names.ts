/** Function names from the name section (core specification, appendix 7.4.1). They are for people: what is broken is left out, never refused. */
import { isUtnetError } from '../../core/index.ts'
import type { CoreModule } from './model.ts'
import { Reader } from './reader.ts'

const FUNCTION_NAMES = 1
const SHOWN = 200
/** Controls and what else would not show, or show as something else. */
const UNSEEN = /[\p{C}\p{Zl}\p{Zp}]/gu

/** Content of the name section behind its own name; empty where the module has none. */
export function nameSection({ bytes, sections }: CoreModule): Uint8Array {
  const section = sections.findLast((s) => s.id === 0 && s.name === 'name')
  if (section === undefined) return new Uint8Array(0)
  const r = new Reader(bytes, 0, section.start, section.end)
  r.name()
  return bytes.slice(r.at, section.end)
}

/** Names by function index, of functions below `count`. Indices must rise, as the specification says, so that there are no more names than functions. */
export function functionNames(section: Uint8Array, count: number): ReadonlyMap<number, string> {
  const names = new Map<number, string>()
  try {
    const r = new Reader(section)
    while (!r.done) {
      const id = r.u8()
      const sub = r.sub(r.u32())
      if (id < FUNCTION_NAMES) continue
      if (id > FUNCTION_NAMES) return names
      let last = -1
      for (let left = sub.count(); left > 0; left--) {
        const index = sub.u32()
        if (index <= last || index >= count) return names
        last = index
        const name = sub.name().replaceAll(UNSEEN, '?').slice(0, SHOWN)
        if (name !== '') names.set(index, name)
      }
      return names
    }
  } catch (error) {
    if (!isUtnetError(error, 'guest_invalid')) throw error
  }
  return names
}
