/**
 * `utnet/light`: the light client and the verifier in one file, with what is needed to read what a node serves. Pure, no native code, no connection, no clock;
 * runs on Node 20 and in browsers. docs/light-client.md shows it at work, docs/spec/light.md says what it promises.
 */
export * from './index.ts'
export * from '../consensus/light/index.ts'
export { verifyChainEntry } from './chain-entry.ts'
export { provenEntry } from './proven-entry.ts'
// what a node serves, as values
export {
  chainIdOf,
  decode,
  decodeCertificate,
  decodeGenesis,
  decodeHeader,
  decodeReceipt,
  epochOf,
  formatAddress,
  fromBase64,
  fromHex,
  headerHash,
  isUtnetError,
  lastHeightOf,
  parseAddress,
  readAnchor,
  readAttestation,
  receiptId,
  toBase64,
  toHex,
  UtnetError,
} from '../core/index.ts'
export type { Account, Anchor, Attestation, Certificate, Genesis, Header, ReceiptBody, StateProof, Validator } from '../core/index.ts'
