/** The other side: which steps lead a light client from a point to a height, as few as there may be. */
import {
  endsEpoch,
  epochOf,
  equalBytes,
  LIMITS,
  powerDelta,
  UtnetError,
  type Certificate,
  type Header,
  type Validator,
} from '../../core/index.ts'
import { newcomersOf, overlapHolds, overlapOf, type LightStep } from './step.ts'

/** Where final headers and sets come from: an open chain. */
export interface LightSource {
  readonly epochBlocks: number
  readonly trustingBlocks: number
  /** Throws `chain_height`. Of block 0 the certificate is null, and of the header its `power` alone is looked at. */
  headerAt(height: number): { readonly header: Header; readonly certificate: Certificate | null }
  /** The set that certifies a height. */
  setAt(height: number): readonly Validator[]
  /** The step from an epoch to the next: its last header. Throws `chain_height` before that is final. */
  epochStep(epoch: number): LightStep
}

/**
 * Steps from the point of height `from` (0: the genesis) to one under which the header of `height` is final. A jump goes to that header itself where it may,
 * else as far as enough of the trusted power goes along, else epoch by epoch. Stops after `max` of them.
 */
export function planSteps(source: LightSource, from: number, height: number, max: number = Number.POSITIVE_INFINITY): LightStep[] {
  const { epochBlocks, trustingBlocks } = source
  const target = epochOf(height, epochBlocks)
  const ends = endsEpoch(height, epochBlocks)
  const steps: LightStep[] = []
  let at = from
  /** True when a height is certified by the very set that is trusted: a header commits to the set of the next. */
  const same = (to: number): boolean => equalBytes(source.headerAt(to).header.power, source.headerAt(at).header.power)
  /** A height of an epoch to jump to: not its last, which names another set than its own. */
  const landing = (epoch: number): number => (epoch === target && !ends ? height : epoch * epochBlocks + 1)
  const jumpTo = (epoch: number): LightStep | undefined => {
    const to = landing(epoch)
    if (endsEpoch(to, epochBlocks) || to - at > trustingBlocks) return undefined
    const [set, next] = [source.setAt(at + 1), source.setAt(to)]
    const { header, certificate } = source.headerAt(to)
    if (certificate === null) throw new UtnetError('chain_height', `block ${to} has no certificate`)
    const few = newcomersOf(set, next).length <= LIMITS.jumpNewcomers
    const goes = same(to) || (few && overlapHolds(set, overlapOf(set, next, certificate)))
    return goes ? { header, certificate, delta: powerDelta(set, next) } : undefined
  }
  for (;;) {
    const epoch = epochOf(at + 1, epochBlocks)
    if (epoch >= target || steps.length >= max) return steps
    if (!ends && height - at <= trustingBlocks && same(height)) return steps
    let step: LightStep | undefined
    for (let to = target; step === undefined && to > epoch; to = epoch + ((to - epoch) >> 1)) step = jumpTo(to)
    step ??= source.epochStep(epoch)
    steps.push(step)
    at = step.header.height
  }
}
