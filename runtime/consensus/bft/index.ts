/** Agreement on blocks: votes, locks, rounds, evidence. docs/spec/agreement.md says it in words. */
export { isOffence, Bft } from './machine.ts'
export { BftNode, type BftNodePorts, type BlockApp, type Verdicts } from './node.ts'
export { chainApp, decodePayload, encodePayload, payloadLabel, type BlockPayload, type ChainAppOptions } from './chain-app.ts'
export { RoundWork, type RoundWorkOptions } from './round-work.ts'
export {
  bftCrypto,
  proposalMessage,
  type BftKeys,
  checkEvidence,
  decodeEvidence,
  encodeEvidence,
  type Evidence,
  decodeSignedRow,
  encodeSignedRow,
  quorumCbor,
  readQuorum,
  SIGNED_KEY,
  type SignedRow,
  checkQuorum,
  isQuorum,
  heightOf,
  decodeMessage,
  encodeMessage,
  type BlockId,
  type FinalNotice,
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
  type BftCrypto,
  type BftPorts,
  type BlockLabel,
  type HeightSetup,
  type Member,
} from '../messages/index.ts'
export type { BftEffect, BftEvent, Peer, Refusal } from './events.ts'
