/** What operators use beside `@utnet/sdk/tensor`. */

import { Tensor } from './tensor'

let failure: string | null = null

/** Makes `run` answer with an error: `return fail('the shapes do not match')`. */
export function fail(message: string): Array<Tensor> {
  failure = message
  return []
}

/** For the generated entry only: the failure of this run, if any. */
export function takeFailure(): string | null {
  const message = failure
  failure = null
  return message
}
