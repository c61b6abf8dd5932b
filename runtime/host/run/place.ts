/** Where a guest stopped, from the stack of what was thrown. For people: a stack that says nothing gives nothing. */
import type { PreparedGuest } from './prepared.ts'

/** A frame of WebAssembly as V8 prints it; the function's name stands before and may be anything. */
const FRAME = /:wasm-function\[(\d{1,7})\]:0x[0-9a-f]+\)?$/
const LIBRARY = '~lib/'

/** The innermost function of the guest; for one of a library also the first of its callers that is not. */
export function placeOf(error: unknown, { functions: { first, count }, nameOf }: PreparedGuest): string | undefined {
  if (!(error instanceof Error) || typeof error.stack !== 'string') return undefined
  const frames = error.stack.split('\n').flatMap((line) => {
    const index = Number(FRAME.exec(line)?.[1] ?? -1)
    // The function that charges stands behind the guest's own
    return index >= first && index < first + count ? [nameOf(index)] : []
  })
  const [inner] = frames
  if (inner === undefined || !inner.startsWith(LIBRARY)) return inner
  const caller = frames.find((name) => !name.startsWith(LIBRARY))
  return caller === undefined ? inner : `${inner}, called from ${caller}`
}

/** AssemblyScript's allocators, which stop where memory does not grow. */
const ALLOCATOR = /^~lib\/(?:rt\/)?(?:stub|tlsf|memory)\//

/** What to do about a trap in a place, where that can be told. */
export function hintOf(why: string, where: string): string {
  return why === 'unreachable' && ALLOCATOR.test(where) ? ': no memory is left; "memoryPages" in utnet.jsonc gives more' : ''
}
