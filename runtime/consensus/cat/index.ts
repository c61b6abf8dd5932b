/** Chips that show they are there (CAT), the operator that each round samples, verdicts on it, and the rewards that hang on them. docs/spec/cat.md. */
export { catDigest, decodeCat, encodeCat, NO_CAT, type Cat } from './cat.ts'
export { CAT_DRAWS, catAnswerMessage, catChallenge, drawOperator, drawSeats, shownResult } from './challenge.ts'
export { CatChecks, checkAggregate, checkCat, type CatCrypto, type CatFault, type CheckedCat } from './check.ts'
export { ROUND_OPERATORS, type CatEnvironment, type SampledTask } from './environment.ts'
export { makeCat, type CatSigner } from './make.ts'
export { decodeReward, encodeReward, type RewardFault, type RewardRecord } from './reward.ts'
export type { AnsweringChips } from './seats.ts'
export {
  decodeBlockVerdict,
  encodeBlockVerdict,
  VERDICT_BLOCKS,
  verdictMessage,
  verdictsDigest,
  type BlockVerdict,
  type VerdictVote,
} from './verdict.ts'
export { VerdictPool } from './verdict-pool.ts'
export { applyWork, REWARD_BLOCKS, rewardAt, type WorkContext } from './work.ts'
