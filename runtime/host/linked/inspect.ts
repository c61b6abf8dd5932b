/** What a linked guest shows of itself. */
import { LIMITS, printWitFunction, type GuestInfo } from '../../core/index.ts'
import { inspectGuest as inspectOwn, preparedModules as prepareOwn, validateGuest as validateOwn } from '../run/index.ts'
import type { Inspection } from '../validate/index.ts'
import { judge, prepareAll, type Judged } from './prepared.ts'

function limitsOf(bytes: number, { classified: { linked, imports } }: Judged): Inspection['limits'] {
  const { modules, instances } = linked
  const most = (of: (m: (typeof modules)[number]) => number): number => modules.reduce((n, m) => Math.max(n, of(m)), 0)
  const used: Record<string, number> = {
    componentBytes: bytes,
    componentModules: modules.length,
    componentInstances: instances.length,
    componentFunctions: modules.reduce((n, m) => n + m.bodies.length, 0),
    componentCodeBytes: modules.reduce((n, m) => n + m.codeBytes, 0),
    moduleFunctions: most((m) => m.functions.length),
    moduleFunctionBytes: most((m) => m.bodies.reduce((n, b) => Math.max(n, b.end - b.start), 0)),
    moduleImports: Math.max(
      imports.length,
      most((m) => m.imports.length),
    ),
    moduleExports: most((m) => m.exports.length),
    moduleGlobals: most((m) => m.globals.length),
    moduleDataSegments: most((m) => m.data.length),
    moduleTableEntries: most((m) => m.tables.reduce((n, t) => n + t.min, 0)),
    memoryPages: most((m) => m.memories.reduce((n, x) => n + x.min, 0)),
  }
  return Object.fromEntries(Object.entries(used).map(([name, n]) => [name, { used: n, allowed: LIMITS[name as keyof typeof LIMITS] }]))
}

function hostImports({ classified }: Judged): Inspection['imports'] {
  const seen = new Map<string, string>()
  for (const { sources } of classified.linked.instances) {
    for (const source of sources) {
      if (source.kind !== 'made' || source.made.kind !== 'host') continue
      seen.set(`${source.made.interface}#${source.made.func.name}`, printWitFunction(source.made.func))
    }
  }
  return [...seen].map(([name, type]) => ({ name, type }))
}

/** What the validator sees. Throws `guest_invalid` with `details: {rule, offset, function?}`. */
export function inspectGuest(bytes: Uint8Array): Inspection {
  const judged = judge(bytes)
  if (judged === undefined) return inspectOwn(bytes)
  const { info, features } = judged
  return {
    kind: 'component',
    world: info.world,
    module: info.module.toString(),
    imports: hostImports(judged),
    exports: info.exports.map((f) => ({ name: f.name, type: printWitFunction(f) })),
    features,
    limits: limitsOf(bytes.length, judged),
  }
}

/** The prepared core modules of a component or a bare core module, for any engine. Throws `guest_invalid`. */
export function preparedModules(bytes: Uint8Array): readonly Uint8Array[] {
  const judged = judge(bytes)
  return judged === undefined ? prepareOwn(bytes) : prepareAll(judged)
}

/** World, exports and imports of a component that may be deployed. Throws `guest_invalid`. */
export function validateGuest(bytes: Uint8Array): GuestInfo {
  return judge(bytes)?.info ?? validateOwn(bytes)
}
