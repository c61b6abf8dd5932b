/** From a certified chip to what the chain takes of it. */
import { chipClaimMessage, chipPossessionMessage, type ChipCertificate, type ChipRegistration, type CID } from '../../core/index.ts'
import type { SecurityEngine } from '../port.ts'

/** What a registration is made of. */
export interface Claim {
  readonly chainId: CID
  /** Address of the first owner, 20 bytes. */
  readonly owner: Uint8Array
  readonly certificate: ChipCertificate
  /** The chip's BLS key as the chip wrapped it. */
  readonly wrapped: Uint8Array
}

/** The registration that an owner sends (U2.4-POCI-3). Throws `chip_key` when the wrapped key is not this chip's. */
export async function registrationOf(engine: SecurityEngine, claim: Claim): Promise<ChipRegistration> {
  const { certificate, wrapped, chainId, owner } = claim
  const { serial, bls } = certificate
  const handle = await engine.unwrapToHandle(wrapped)
  try {
    const pop = handle.sign(chipPossessionMessage(chainId, serial, bls))
    return { certificate, claim: await engine.sign(chipClaimMessage(chainId, serial, bls, owner)), pop, wrapped }
  } finally {
    handle.close()
  }
}
