/** The contracts of one transaction or query at work, below any transaction: their seats in the state, changes and events, what their receipts bind. */
export type { CallDraft } from './call-draft.ts'
export { CallSession, checkStorageKey, type ContractSeat, type SessionContext, type SessionState } from './call-session.ts'
export type { ContractChange } from './variable.ts'
export { changesRoot } from './changes-root.ts'
export { contractAt, readName, seatAt, sessionState } from './contract-seat.ts'
