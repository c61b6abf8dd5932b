/** Every instruction of a core module against the table of what is allowed, then the engine's own validation. */
import { isUtnetError, UtnetError } from '../../core/index.ts'
import { COUNTER_MODULE, Instructions, invalid, readModule, RESERVED, type Body, type CoreModule } from '../wasm/index.ts'

/** Features beyond WebAssembly 1.0 that a module uses; the names are those of the proposals. */
export type Feature = 'sign-extension' | 'saturating-float-to-int' | 'bulk-memory' | 'reference-types' | 'multi-value' | 'simd128'

function featureOf(code: number): Feature | undefined {
  if (code >= 0xfd00) return 'simd128'
  if (code >= 0xfc00) return code <= 0xfc07 ? 'saturating-float-to-int' : code >= 0xfc0f ? 'reference-types' : 'bulk-memory'
  if (code >= 0xc0 && code <= 0xc4) return 'sign-extension'
  if ((code >= 0xd0 && code <= 0xd2) || code === 0x1c || code === 0x25 || code === 0x26) return 'reference-types'
  return undefined
}

/** Where the engine says a module is wrong: `Compiling function #3 failed: ... @+37`. */
function engineError(module: CoreModule): Error {
  let message = 'the module is not valid WebAssembly'
  try {
    new WebAssembly.Module(module.bytes as Uint8Array<ArrayBuffer>)
  } catch (error) {
    if (error instanceof Error) message = error.message.replace(/^WebAssembly\.Module\(\): /, '')
  }
  const at = /@\+([0-9]+)/.exec(message)?.[1]
  const fn = /function #([0-9]+)/.exec(message)?.[1]
  return invalid(
    'validation',
    module.origin + Number(at ?? 0),
    message.replace(/ ?@\+[0-9]+/, ''),
    fn === undefined ? undefined : Number(fn),
  )
}

/** A refusal within a function's bytes that does not say so yet: the reader of bytes knows of no functions. */
function within({ index }: Body, error: unknown): unknown {
  if (!isUtnetError(error, 'guest_invalid')) return error
  const { details } = error
  if (typeof details !== 'object' || details === null || 'function' in details) return error
  return new UtnetError('guest_invalid', `function ${index}: ${error.message}`, { details: { ...details, function: index } })
}

export interface Whitelisted {
  readonly module: CoreModule
  readonly features: readonly Feature[]
  readonly instructions: number
}

/** Judges a module that was read: throws `guest_invalid` at the first thing that is not allowed. */
export function whitelist(module: CoreModule): Whitelisted {
  for (const { module: from, name, offset } of module.imports) {
    // A module that could import the counter of another could fill it
    if (from === COUNTER_MODULE || name.startsWith(RESERVED))
      throw invalid('import', offset, `the import ${from} ${name} has a name of the host`)
  }
  const features = new Set<Feature>()
  let instructions = 0
  for (const body of module.bodies) {
    try {
      const walk = new Instructions(module, body)
      while (walk.step()) {
        instructions++
        const feature = featureOf(walk.code)
        if (feature !== undefined) features.add(feature)
      }
    } catch (error) {
      throw within(body, error)
    }
  }
  if (module.types.some((t) => t.results.length > 1)) features.add('multi-value')
  if (!WebAssembly.validate(module.bytes as Uint8Array<ArrayBuffer>)) throw engineError(module)
  return { module, features: [...features].sort(), instructions }
}

/** Reads and judges the bytes of a core module. */
export function whitelistBytes(bytes: Uint8Array, origin = 0): Whitelisted {
  return whitelist(readModule(bytes, origin))
}
