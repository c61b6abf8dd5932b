/** Every attack of research 4.4 and every hole of 4.3, by name. */
import type { Attack } from './attack.ts'
import { catCopied } from './cat-copied.ts'
import { censorship } from './censorship.ts'
import { clockSkew } from './clock-skew.ts'
import { crashRestart } from './crash-restart.ts'
import { equivocation } from './equivocation.ts'
import { falseServer } from './false-server.ts'
import { falseSteps } from './false-steps.ts'
import { keyGrinding } from './key-grinding.ts'
import { lazyJudge } from './lazy-judge.ts'
import { leaderDos } from './leader-dos.ts'
import { longRange } from './long-range.ts'
import { nothingAtStake } from './nothing-at-stake.ts'
import { partition } from './partition.ts'
import { rentedTwice } from './rented-twice.ts'
import { replayDomain } from './replay-domain.ts'
import { replayTransaction } from './replay-transaction.ts'
import { replayVote } from './replay-vote.ts'
import { rogueKeyAttack } from './rogue-key.ts'
import { serialTwice } from './serial-twice.ts'
import { signatureMalleability } from './signature-malleability.ts'
import { stalePower } from './stale-power.ts'
import { summedKey } from './summed-key.ts'
import { sybil } from './sybil.ts'
import { twoNodes } from './two-nodes.ts'
import { vrfWithholding } from './vrf-withholding.ts'
import { withheldCode } from './withheld-code.ts'

export type { Attack, AttackOutcome } from './attack.ts'

export const ATTACKS: readonly Attack[] = [
  vrfWithholding,
  keyGrinding,
  equivocation,
  nothingAtStake,
  longRange,
  rogueKeyAttack,
  signatureMalleability,
  replayTransaction,
  replayVote,
  replayDomain,
  sybil,
  censorship,
  clockSkew,
  partition,
  crashRestart,
  catCopied,
  lazyJudge,
  stalePower,
  leaderDos,
  summedKey,
  twoNodes,
  serialTwice,
  rentedTwice,
  withheldCode,
  falseServer,
  falseSteps,
]
