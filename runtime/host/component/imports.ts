/** The interfaces that a component asks its host for. */
import type { WitFunction } from '../../core/index.ts'
import { invalid } from '../wasm/index.ts'
import type { Component, ComponentInstance } from './model.ts'

/** An imported interface, as far as a world is judged by it. */
export interface ImportedInterface {
  readonly name: string
  readonly offset: number
  readonly functions: readonly WitFunction[]
}

/**
 * An interface that only gives names to types asks for nothing: what exports an interface that uses types of another imports that one so. No tool imports one that
 * holds nothing at all.
 */
const namesOnly = ({ exports }: ComponentInstance): boolean =>
  exports.size > 0 && [...exports.values()].every((item) => item.sort === 'type' && item.fresh !== true)

/** What a component imports; interfaces that hold nothing but names of types are left out. Throws `guest_invalid` for what is no interface. */
export function importedInterfaces(component: Component): readonly ImportedInterface[] {
  const out: ImportedInterface[] = []
  for (const { name, item, offset } of component.imports) {
    if (item.sort === 'type') continue
    if (item.sort === 'func') throw invalid('import', offset, `the import ${name} is a function of no interface`)
    if (item.sort !== 'instance') throw invalid('import', offset, `the import ${name} is not an interface`)
    if (namesOnly(item.instance)) continue
    const functions = [...item.instance.exports.values()].flatMap((inner) => (inner.sort === 'func' ? [inner.func.type] : []))
    out.push({ name, offset, functions })
  }
  return out
}
