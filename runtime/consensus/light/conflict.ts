/** Two final blocks of one height: what a light client keeps of it, so that those who signed both can be held to it. */
import { equalBytes, signersOf, type Certificate, type Header, type Validator } from '../../core/index.ts'

/** A header and the certificate that made it final. */
export interface Final {
  readonly header: Header
  readonly certificate: Certificate
}

/** Both blocks are of one height and certified by more than 2/3 of that height's set, so more than 1/3 signed both. */
export interface LightConflict {
  readonly height: number
  /** The block that was trusted first. */
  readonly first: Final
  readonly second: Final
  /** The set that certifies this height. */
  readonly set: readonly Validator[]
}

/** Who signed both: more than a third of the power of the set. In one round each of them equivocated; in two, one of the votes broke a lock. */
export function signersOfBoth({ first, second, set }: LightConflict): Validator[] {
  const others = signersOf(second.certificate, set)
  return signersOf(first.certificate, set).filter((a) => others.some((b) => equalBytes(a.key, b.key)))
}
