/** The other side: which steps lead a light client from a point to a height, as few as there may be. */
import {
  endsEpoch,
  epochOf,
  equalBytes,
  powerDelta,
  powerRoot,
  UtnetError,
  type Certificate,
  type Header,
  type Validator,
} from '../../core/index.ts'
import { overlapHolds, overlapOf, type LightStep } from './step.ts'

/** Where final headers and sets come from: an open chain. */
export interface LightSource {
  readonly epochBlocks: number
  readonly trustingBlocks: number
  /** Throws `chain_height`; the certificate of block 0 is null. */
  headerAt(height: number): { readonly header: Header; readonly certificate: Certificate | null }
  /** The set that certifies a height. */
  setAt(height: number): readonly Validator[]
  /** The step from an epoch to the next: its last header. Throws `chain_height` before that is final. */
  epochStep(epoch: number): LightStep
}

function stepTo(source: LightSource, from: readonly Validator[], height: number): LightStep {
  const { header, certificate } = source.headerAt(height)
  if (certificate === null) throw new UtnetError('chain_height', `block ${height} has no certificate`)
  return { header, certificate, delta: powerDelta(from, source.setAt(height + 1)) }
}

/**
 * Steps from the point of height `from` (0: the genesis) to one under which the header of `height` is final. A jump goes to that header itself where it may,
 * else as far as enough of the trusted power goes along, else epoch by epoch. Stops after `max` of them.
 */
export function planSteps(source: LightSource, from: number, height: number, max: number = Number.POSITIVE_INFINITY): LightStep[] {
  const { epochBlocks, trustingBlocks } = source
  const epochs = (h: number): number => epochOf(h, epochBlocks)
  const steps: LightStep[] = []
  let at = from
  let set = source.setAt(from + 1)
  const target = epochs(height)
  /** A height of an epoch to jump to: not its last, which names another set than its own. */
  const landing = (epoch: number): number => (epoch === target && !endsEpoch(height, epochBlocks) ? height : epoch * epochBlocks + 1)
  const jumpTo = (epoch: number): LightStep | undefined => {
    const to = landing(epoch)
    if (endsEpoch(to, epochBlocks) || to - at > trustingBlocks) return undefined
    const step = stepTo(source, set, to)
    return overlapHolds(set, overlapOf(set, source.setAt(to), step.certificate)) ? step : undefined
  }
  for (;;) {
    const epoch = epochs(at + 1)
    if (epoch >= target || steps.length >= max) return steps
    const unchanged =
      !endsEpoch(height, epochBlocks) && height - at <= trustingBlocks && equalBytes(powerRoot(set), source.headerAt(height).header.power)
    if (unchanged) return steps
    let step: LightStep | undefined
    for (let to = target; step === undefined && to > epoch; to = epoch + ((to - epoch) >> 1)) step = jumpTo(to)
    step ??= source.epochStep(epoch)
    steps.push(step)
    at = step.header.height
    set = source.setAt(at + 1)
  }
}
