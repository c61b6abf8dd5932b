/** Agreement on blocks: votes, locks, rounds, evidence. docs/spec/agreement.md says it in words. */
export { isOffence, Bft } from './machine.ts'
export { BftNode, type BftNodePorts, type BlockApp, type Verdicts } from './node.ts'
export { chainApp, decodePayload, encodePayload, payloadLabel, type BlockPayload, type ChainAppOptions } from './chain-app.ts'
export { RoundWork, type RoundWorkOptions } from './round-work.ts'
export { bftCrypto, proposalMessage, type BftKeys } from './signer.ts'
export { checkEvidence, decodeEvidence, encodeEvidence, type Evidence } from './evidence.ts'
export { decodeSignedRow, encodeSignedRow, quorumCbor, readQuorum, SIGNED_KEY, type SignedRow } from './signed-row.ts'
export { checkQuorum, isQuorum } from './quorum.ts'
export { heightOf } from './messages.ts'
export { decodeMessage, encodeMessage } from './wire.ts'
export type { BftEffect, BftEvent, Peer, Refusal } from './events.ts'
export type {
  BlockId,
  FinalNotice,
  Lack,
  LockNotice,
  Message,
  Proposal,
  ProposalBody,
  Quorum,
  Verdict,
  Vote,
  VoteBody,
  Want,
} from './messages.ts'
export type { BftCrypto, BftPorts, BlockLabel, HeightSetup, Member } from './ports.ts'
