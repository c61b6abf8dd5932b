/** The chain's randomness: what a proposer's VRF is evaluated on, and the seed that follows. */
import { digest, encode, type CID } from '../codec/index.ts'

/** What the proposer's VRF is evaluated on: (chain id, height, previous seed), never the round. */
export function vrfInput(chainId: CID, height: number, previousSeed: Uint8Array): Uint8Array {
  return digest('vrf', encode([chainId, height, previousSeed]))
}

/** The next seed of the chain: H(previous seed || beta). */
export function nextSeed(previousSeed: Uint8Array, beta: Uint8Array): Uint8Array {
  return digest('seed', previousSeed, beta)
}
