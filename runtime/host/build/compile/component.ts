/** Core module + WIT -> component, by jco's wasm-tools, loaded on first use. */

import { UtnetError } from '../../../core/errors.ts'

// jco's door also loads its transpiler and optimiser (another 8 MB of WebAssembly, twice the time); its package exports name no smaller one
type WasmTools = (typeof import('../../../../node_modules/@bytecodealliance/jco/obj/wasm-tools.js'))['tools']

async function wasmTools(): Promise<WasmTools> {
  const { $init, tools } = await import('../../../../node_modules/@bytecodealliance/jco/obj/wasm-tools.js')
  await $init
  return tools
}

/** Makes the component. `wit` is one text; `world` names a world in it. Strings are UTF-16, as AssemblyScript holds them. */
export async function makeComponent(core: Uint8Array, wit: string, world: string): Promise<Uint8Array> {
  const { componentEmbed, componentNew } = await wasmTools()
  try {
    const embedded = componentEmbed({ binary: core, witSource: wit, world, stringEncoding: 'utf16' })
    return Uint8Array.from(componentNew(embedded, []))
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new UtnetError('guest_build', `the component cannot be made: ${reason}`, { cause })
  }
}

/** The WIT of a component, as wasm-tools prints it. Throws `guest_invalid` where it is none. */
export async function printComponentWit(component: Uint8Array): Promise<string> {
  const { componentWit } = await wasmTools()
  try {
    return componentWit(component)
  } catch (cause) {
    throw new UtnetError('guest_invalid', `not a component: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  }
}
