/** Disputes: at most four messages, and a referee who runs one operator, or a part of it. */
export {
  accept,
  atHeight,
  classOfEntry,
  deadlineOf,
  openDispute,
  turnOf,
  type Dispute,
  type Outcome,
  type Reason,
  type Terms,
} from './machine.ts'
export { disputeId, type Party, type SignedMessage } from './messages.ts'
export { challenge, nameDifference, nameOutOfBound, open, reveal } from './players.ts'
export { settle, type Settled } from './referee.ts'
export { decodeTranscript, encodeTranscript, type Transcript } from './transcript.ts'
export {
  verifyTranscript,
  type ModelAtHand,
  type TranscriptCheck,
  type TranscriptPorts,
  type VerifiedTranscript,
} from './verify-transcript.ts'
