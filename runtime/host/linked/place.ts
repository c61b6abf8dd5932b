/** Where a linked guest stopped, from the stack of what was thrown. For people: a stack that says nothing gives nothing. */
import type { GuestFrame } from '../../core/index.ts'
import { isOfRuntime } from './symbols.ts'

/** A core module, for who reads what it did. */
export interface CoreFunctions {
  /** The functions that it brings, in the function index space. */
  readonly first: number
  readonly count: number
  readonly nameOf: (index: number) => string
  /** How many probes its profiling variant has; none where that counts by function only. */
  readonly probes: number
}

const LABEL = 'utnet-core-'
/** A frame of WebAssembly as V8 prints it: the name of the function before it may be anything, that of the module is ours. */
const FRAME = /\bwasm:\/\/wasm\/utnet-core-(\d{1,4})-[0-9a-f]{1,16}:wasm-function\[(\d{1,7})\]:0x([0-9a-f]{1,8})\)?$/
/** A panic has more frames above the author's function than the ten that the engine tells. */
const FRAMES = 32

/** The name that a core module has in the engine, by its place in the component. */
export const labelOf = (place: number): string => `${LABEL}${place}`

/** From here on stacks are deep enough. */
export function tellDeepStacks(): void {
  if (Error.stackTraceLimit < FRAMES) Error.stackTraceLimit = FRAMES
}

export interface LinkedPlace {
  /** The innermost function of the guest; for one of its language's runtime also the first of its callers that is not. */
  readonly where: string
  readonly frames: readonly GuestFrame[]
}

export function placeOf(error: unknown, modules: readonly CoreFunctions[]): LinkedPlace | undefined {
  if (!(error instanceof Error) || typeof error.stack !== 'string') return undefined
  const frames = error.stack.split('\n').flatMap((line) => {
    const [, place, index, at] = FRAME.exec(line) ?? []
    const core = modules[Number(place)]
    // What we added stands behind the guest's own
    const own = core !== undefined && Number(index) >= core.first && Number(index) < core.first + core.count
    return own ? [{ index: Number(index), at: Number.parseInt(at as string, 16), module: Number(place) }] : []
  })
  const names = frames.map(({ index, module }) => (modules[module] as CoreFunctions).nameOf(index))
  const [inner] = names
  if (inner === undefined) return undefined
  const caller = isOfRuntime(inner) ? names.find((name) => !isOfRuntime(name)) : undefined
  return { where: caller === undefined ? inner : `${inner}, called from ${caller}`, frames }
}
