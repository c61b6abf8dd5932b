/** What Byzantine nodes do, by name. */
import { CLAIMS } from './claims.ts'
import { PROPOSALS } from './proposals.ts'
import type { Strategy } from './liar.ts'
import { VOTES } from './votes.ts'

export { CredulousBft, ForgetfulBft, newMemory, remember, type Liar, type Strategy } from './liar.ts'

export const STRATEGIES: Readonly<Record<string, Strategy>> = { ...VOTES, ...PROPOSALS, ...CLAIMS }
