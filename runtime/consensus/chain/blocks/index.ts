/** The life of a block: built or run again, voted on, committed, its old states deleted. */
export { buildBlock, type BuildOptions, checkTxs, executeBlock } from './build.ts'
export { commitBlock } from './commit.ts'
export { makeCertificate, pendingBlock, signVotes, voteFor, voteRows, type VoteRows } from './votes.ts'
export { minted, rewardOf, taskOf } from './work.ts'
