/** The epoch chain of a proof: from its root of trust to the sets that certify the blocks shown. */
import {
  decodeCertificate,
  decodeHeader,
  decodePowerDelta,
  endsEpoch,
  equalBytes,
  headerHash,
  LIMITS,
  type BlockReader,
  type BundleRoot,
  type Header,
} from '../core/index.ts'
import { blsFastAggregateVerify, verifyValidator } from '../crypto/index.ts'
import {
  Certificates,
  decodeStep,
  mustBeReached,
  takeStep,
  type LightClock,
  type LightStep,
  type Trusted,
} from '../consensus/light/index.ts'
import { must, type Found } from './checks.ts'
import { clockOf, type Root, type TrustOptions } from './trust.ts'

/** Shared by all proofs that this program checks. */
export const certificates: Certificates = new Certificates(blsFastAggregateVerify)

/** What a proof's blocks are checked under. */
export interface Reach {
  readonly root: Root
  readonly clock: LightClock
  /** From the root of trust on. */
  readonly points: readonly Trusted[]
}

/** The steps that a bundle carries. */
export function* stepsOf(root: BundleRoot, get: BlockReader): Iterable<LightStep> {
  for (const { header, certificate, delta } of root.epochs)
    yield { header: decodeHeader(get(header)), certificate: decodeCertificate(get(certificate)), delta: decodePowerDelta(get(delta)) }
}

/** Steps of their bytes. */
export function* readSteps(list: readonly Uint8Array[]): Iterable<LightStep> {
  must(list.length <= LIMITS.bundleEpochs, `a proof has at most ${LIMITS.bundleEpochs} steps`)
  for (const bytes of list) yield decodeStep(bytes)
}

/** Follows the steps from the root of trust. */
export function followEpochs(root: Root, steps: Iterable<LightStep>, options: TrustOptions): Found<Reach> {
  const clock = clockOf(options, root.rules)
  const points = [root.start]
  for (const step of steps) points.push(takeStep(root.rules, points.at(-1) as Trusted, step, clock, { certificates, verifyValidator }))
  const { epoch, set } = points.at(-1) as Trusted
  const how = points.length === 1 ? 'the set of the root of trust' : `${points.length - 1} steps to epoch ${epoch}`
  return [{ root, clock, points }, `${how}: ${set.length} validators`]
}

/** The point whose set certifies a header; fails the check at hand where the proof reaches none. */
export function pointOf({ root, clock, points }: Reach, header: Header): Trusted {
  for (const point of points.toReversed()) {
    if (point.height > header.height) continue
    if (point.height === header.height) {
      must(equalBytes(point.hash, headerHash(header)), `another block of height ${header.height} is trusted`)
      // the last header of an epoch is certified by the set before, any other by the one that it names
      if (point.header === null || endsEpoch(point.height, root.rules.epochBlocks)) continue
      return point
    }
    mustBeReached(root.rules, point, header, clock)
    return point
  }
  must(false, `block ${header.height} is before the root of trust`)
}
