/** What the page of the certificate's bench runs. */
import { fromHex } from '../../runtime/core/index.ts'
import { blsFastAggregateVerify } from '../../runtime/crypto/index.ts'

/** Milliseconds of the first check, and of those with the keys decoded. */
export function times(signature: string, message: string, keys: readonly string[], rounds: number): { cold: number; warm: number[] } {
  const task = [fromHex(signature), fromHex(message), keys.map((key) => fromHex(key))] as const
  const once = (): number => {
    const begun = performance.now()
    if (!blsFastAggregateVerify(...task)) throw new Error('a true certificate was refused')
    return performance.now() - begun
  }
  const cold = once()
  for (let i = 0; i < 3; i++) once()
  return { cold, warm: Array.from({ length: rounds }, once) }
}
