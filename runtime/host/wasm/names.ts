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

/** Names by function index. */
export function functionNames(section: Uint8Array): ReadonlyMap<number, string> {
  const names = new Map<number, string>()
  try {
    const r = new Reader(section)
    while (!r.done) {
      const id = r.u8()
      const sub = r.sub(r.u32())
      if (id !== FUNCTION_NAMES) continue
      for (let left = sub.count(); left > 0; left--) {
        const index = sub.u32()
        const name = sub.name().replaceAll(UNSEEN, '?').slice(0, SHOWN)
        if (name !== '') names.set(index, name)
      }
    }
  } catch (error) {
    if (!isUtnetError(error, 'guest_invalid')) throw error
  }
  return names
}
