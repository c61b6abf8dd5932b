/** Certificates, each checked once: whoever verifies many receipts of one block pays for its pairing once. */
import { certificateHash, digest, toHex, type Certificate, type CID, type Header, type Validator } from '../../core/index.ts'
import { checkCertificate, type FastAggregateVerify } from '../../crypto/index.ts'

const KNOWN_MAX = 4_096

export class Certificates {
  readonly #verify: FastAggregateVerify
  readonly #known = new Set<string>()
  #pairings = 0

  constructor(verify: FastAggregateVerify) {
    this.#verify = verify
  }

  /** How many were checked and not known before. */
  get pairings(): number {
    return this.#pairings
  }

  /**
   * Throws `chain_invalid` unless more than two thirds of the set's power certified the header. `hash` is the header's, `power` the set's root: what was
   * found valid under one set says nothing of another.
   */
  mustHold(
    chainId: CID,
    { height, round }: Header,
    hash: Uint8Array,
    certificate: Certificate,
    set: readonly Validator[],
    power: Uint8Array,
  ): void {
    const id = toHex(digest('known-certificate', chainId.bytes, hash, power, certificateHash(certificate)))
    if (this.#known.has(id)) return
    this.#pairings++
    checkCertificate({ chainId, height, round, blockHash: hash }, certificate, set, this.#verify)
    if (this.#known.size >= KNOWN_MAX) this.#known.clear()
    this.#known.add(id)
  }
}
