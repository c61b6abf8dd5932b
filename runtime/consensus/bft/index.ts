/** Agreement on blocks: votes, locks, rounds, evidence. docs/spec/agreement.md says it in words. */
export { isOffence, Bft } from './machine.ts'
export { BftNode, type BftNodePorts, type BlockApp, type Verdicts } from './node.ts'
export { chainApp, decodePayload, encodePayload, payloadLabel, type BlockPayload, type ChainAppOptions } from './chain-app.ts'
export { RoundWork, type RoundWorkOptions } from './round-work.ts'
export type { BftEffect, BftEvent, Peer, Refusal } from './events.ts'
