/** Every attack of research 4.4 and every hole of 4.3, by name. */
import type { Attack } from './attack.ts'
import { censorship } from './censorship.ts'
import { clockSkew } from './clock-skew.ts'
import { crashRestart } from './crash-restart.ts'
import { equivocation } from './equivocation.ts'
import { keyGrinding } from './key-grinding.ts'
import { leaderDos } from './leader-dos.ts'
import { nothingAtStake } from './nothing-at-stake.ts'
import { partition } from './partition.ts'
import { replayTransaction } from './replay-transaction.ts'
import { replayVote } from './replay-vote.ts'
import { rogueKeyAttack } from './rogue-key.ts'
import { signatureMalleability } from './signature-malleability.ts'
import { vrfWithholding } from './vrf-withholding.ts'

export type { Attack, AttackOutcome } from './attack.ts'

export const ATTACKS: readonly Attack[] = [
  vrfWithholding,
  keyGrinding,
  equivocation,
  nothingAtStake,
  rogueKeyAttack,
  signatureMalleability,
  replayTransaction,
  replayVote,
  censorship,
  clockSkew,
  partition,
  crashRestart,
  leaderDos,
]
