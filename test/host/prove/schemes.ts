/** The ways to meter that must agree on results, on gas of what completes, and on what completes. The first is the oracle. */
import type { PrepareOptions } from '../../../runtime/host/prepare/index.ts'

export const SCHEMES: Readonly<Record<string, PrepareOptions>> = {
  naive: { scheme: 'naive' },
  optimised: { scheme: 'optimised' },
}
