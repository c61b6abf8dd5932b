/** Refuses core imports that the world does not have, in the author's words. */

import { UtnetError } from '../../core/errors.ts'
import type { WitModel } from '../wit/index.ts'
import type { GuestWorld } from './project/index.ts'

/** What AssemblyScript's own library asks of a JavaScript host, and what to use instead. */
const INSTEAD: Readonly<Record<string, string>> = {
  seed: 'Math.random() has no source of randomness in a guest',
  'Date.now': 'Date.now() has no clock in a guest; a contract has context.time()',
  'performance.now': 'performance.now() has no clock in a guest',
  trace: 'trace() has nowhere to write',
  'console.log': 'console has nowhere to write',
}

export function checkImports(core: Uint8Array, wit: WitModel, world: GuestWorld): void {
  const allowed = new Set(wit.world(`utnet:guest/${world}@0.1.0`).imports.map((i) => (i.kind === 'interface' ? i.name : '')))
  const module = new WebAssembly.Module(Uint8Array.from(core))
  const [wrong] = WebAssembly.Module.imports(module).filter((i) => !allowed.has(i.module))
  if (wrong === undefined) return
  const hint = INSTEAD[wrong.name] ?? `a ${world} may import ${[...allowed].join(', ') || 'nothing'}`
  throw new UtnetError('guest_build', `the guest imports ${wrong.module} "${wrong.name}", which a ${world} does not have`, { hint })
}
