/** The node's chain as light clients are led along it. */
import { isUtnetError, lastHeightOf, toBase64, UtnetError } from '../../core/index.ts'
import type { Chain } from '../../consensus/index.ts'
import { encodeStep, planSteps, type LightSource, type LightStep } from '../../consensus/light/index.ts'

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

/**
 * Steps from a height to the sets of the given ones, ascending. Throws `chain_height` where one is below it, `chain_pruned` where the chain no longer keeps the set
 * to begin with: whoever trusts no later one can check nothing any more.
 */
export function stepsToAll(chain: Chain, from: number, heights: readonly number[]): LightStep[] {
  const source = lightSource(chain)
  chain.headerAt(from)
  const steps: LightStep[] = []
  for (const height of heights) {
    const at = steps.at(-1)?.header.height ?? from
    if (height < from) throw new UtnetError('chain_height', `height ${height} is below the point of trust at ${from}`)
    if (height > at) steps.push(...planned(source, at, height))
  }
  return steps
}

function planned(source: LightSource, at: number, height: number): LightStep[] {
  try {
    return planSteps(source, at, height)
  } catch (error) {
    if (!isUtnetError(error, 'chain_pruned')) throw error
    throw new UtnetError('chain_pruned', error.message, {
      hint: 'begin at a newer point of trust: utnet chain follow, then --checkpoint FILE',
      cause: error,
    })
  }
}

/** Steps from the genesis to the set of a height, as the views carry them; none where the chain no longer keeps the sets of its beginning: then only who follows it can check. */
export function stepTexts(chain: Chain, height: number): string[] {
  try {
    return stepsToAll(chain, 0, [height]).map((step) => toBase64(encodeStep(step)))
  } catch (error) {
    if (isUtnetError(error, 'chain_pruned')) return []
    throw error
  }
}
