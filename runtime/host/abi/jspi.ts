/** The engine's JavaScript Promise Integration, which TypeScript's library does not name: guests that wait for the host, and imports that make them wait. */
import type { CoreFunction } from './call.ts'
import type { Core } from './values.ts'

interface PromiseIntegration {
  promising(fn: CoreFunction): (...args: Core[]) => Promise<unknown>
  readonly Suspending: new (fn: (...args: Core[]) => unknown) => CoreFunction
}

/** `promising` calls an export whose imports may suspend; `Suspending` makes an import that does where it gives a promise. */
export const jspi = WebAssembly as unknown as PromiseIntegration
