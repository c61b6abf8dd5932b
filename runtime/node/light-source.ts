/** The node's chain as light clients are led along it. */
import { lastHeightOf, UtnetError } from '../core/index.ts'
import type { Chain } from '../consensus/index.ts'
import { planSteps, type LightSource, type LightStep } from '../consensus/light/index.ts'

/** Headers, certificates and sets of an open chain. */
export function lightSource(chain: Chain): LightSource {
  const { epochBlocks, trustingBlocks } = chain.genesis
  return {
    epochBlocks,
    trustingBlocks,
    headerAt: (height) => chain.headerAt(height),
    setAt: (height) => chain.setAt(height),
    epochStep: (epoch) => chain.epochStep(epoch),
  }
}

/** Steps from a height to the end of an epoch, `max` of them at most. Throws `chain_height` where the epoch is not over or does not end above it. */
export function stepsToEnd(chain: Chain, epoch: number, from: number, max: number): LightStep[] {
  const source = lightSource(chain)
  const last = lastHeightOf(epoch, source.epochBlocks)
  chain.headerAt(last)
  if (from >= last) throw new UtnetError('chain_height', `epoch ${epoch} ends at height ${last}, which is not above ${from}`)
  const steps = planSteps(source, from, last, max)
  return steps.length < max ? [...steps, source.epochStep(epoch)] : steps
}

/** Steps from a height to the sets of the given ones, ascending. Throws `chain_height` where one is below it. */
export function stepsToAll(chain: Chain, from: number, heights: readonly number[]): LightStep[] {
  const source = lightSource(chain)
  chain.headerAt(from)
  const steps: LightStep[] = []
  for (const height of heights) {
    const at = steps.at(-1)?.header.height ?? from
    if (height < from) throw new UtnetError('chain_height', `height ${height} is below the point of trust at ${from}`)
    if (height > at) steps.push(...planSteps(source, at, height))
  }
  return steps
}
