/** Versions of the protocol. What each costs stands in params.ts. */

/** The protocol version of new blocks and receipts. */
export const PROTOCOL = 1

/** True for a version that this build knows. */
export function isKnownProtocol(protocol: number): boolean {
  return protocol === PROTOCOL
}
