/** What validators say to each other and sign: messages, their bytes, quorums, what was signed last, evidence of signing twice (docs/spec/agreement.md). */
export { checkEvidence, decodeEvidence, encodeEvidence, type Evidence, proposalEvidence, voteEvidence } from './evidence.ts'
export {
  type BlockId,
  type FinalNotice,
  heightOf,
  type Lack,
  type LockNotice,
  type Message,
  type Proposal,
  type ProposalBody,
  type Quorum,
  type Verdict,
  type Vote,
  type VoteBody,
  type Want,
} from './messages.ts'
export type { BftCrypto, BftPorts, BlockLabel, HeightSetup, Member } from './ports.ts'
export { checkQuorum, holdsHonest, isQuorum, makeQuorum } from './quorum.ts'
export { decodeSignedRow, encodeSignedRow, quorumCbor, readQuorum, SIGNED_KEY, type SignedRow } from './signed-row.ts'
export { bftChecks, bftCrypto, type BftKeys, proposalMessage } from './signer.ts'
export { decodeMessage, encodeMessage } from './wire.ts'
