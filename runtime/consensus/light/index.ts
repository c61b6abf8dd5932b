/**
 * The light client: follows the chain by certificates and power deltas, and proves accounts, variables, receipts, events and off-chain roots. Pure, no native
 * code; runs on Node 20 and in browsers. docs/spec/light.md says what it promises.
 */
export { Certificates } from './certificates.ts'
export { LightClient, type LightCrypto, type LightOptions } from './client.ts'
export { signersOfBoth, type Final, type LightConflict } from './conflict.ts'
export { planSteps, type LightSource } from './plan.ts'
export {
  mustHoldEvent,
  mustHoldReceipt,
  mustHoldValue,
  provenAccount,
  provenNodeAccount,
  provenRecord,
  provenVariable,
  type EventPlace,
  type Proven,
} from './proofs.ts'
export {
  decodeStep,
  encodeStep,
  mustBeDrawn,
  mustBeReached,
  mustBeFresh,
  takeStep,
  type LightChecks,
  type LightClock,
  type LightStep,
} from './step.ts'
export {
  checkpointOf,
  decodeSet,
  decodeTrusted,
  encodeSet,
  encodeTrusted,
  lightRules,
  pointAt,
  trustCheckpoint,
  trustGenesis,
  trustingPeriodOf,
  type Checkpoint,
  type LightRules,
  type Trusted,
} from './trusted.ts'
