/** Where a guest stopped, from the stack of what was thrown. For people: a stack that says nothing gives nothing. */
import type { GuestFrame } from '../../../core/index.ts'
import type { PreparedGuest } from './prepared.ts'

/** A frame of WebAssembly as V8 prints it; the function's name stands before and may be anything. */
const FRAME = /:wasm-function\[(\d{1,7})\]:0x([0-9a-f]{1,8})\)?$/
const LIBRARY = '~lib/'

export interface Place {
  /** The innermost function of the guest; for one of a library also the first of its callers that is not. */
  readonly where: string
  readonly frames: readonly GuestFrame[]
}

export function placeOf(error: unknown, { functions: { first, count }, nameOf }: PreparedGuest): Place | undefined {
  if (!(error instanceof Error) || typeof error.stack !== 'string') return undefined
  const frames = error.stack.split('\n').flatMap((line) => {
    const [, index, at] = FRAME.exec(line) ?? []
    // The function that charges stands behind the guest's own
    const own = index !== undefined && Number(index) >= first && Number(index) < first + count
    return own ? [{ index: Number(index), at: Number.parseInt(at as string, 16) }] : []
  })
  const names = frames.map(({ index }) => nameOf(index))
  const [inner] = names
  if (inner === undefined) return undefined
  const caller = inner.startsWith(LIBRARY) ? names.find((name) => !name.startsWith(LIBRARY)) : undefined
  return { where: caller === undefined ? inner : `${inner}, called from ${caller}`, frames }
}

/** AssemblyScript's allocators, which stop where memory does not grow. */
const ALLOCATOR = /^~lib\/(?:rt\/)?(?:stub|tlsf|memory)\//

/** What to do about a trap in a place, where that can be told. */
export function hintOf(why: string, where: string): string {
  return why === 'unreachable' && ALLOCATOR.test(where) ? ': no memory is left; "memoryPages" in utnet.jsonc gives more' : ''
}
