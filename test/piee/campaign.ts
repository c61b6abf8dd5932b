/** Many honest runs, and many faulty ones, through sampling and dispute: what `npm test` does with few and the bench with many. */
import { commitRun, digest, encode, type Commitment, type GraphRun, type OperatorRunner } from '../../runtime/core/index.ts'
import {
  catchRate,
  checkReveal,
  drawOperators,
  firstDifference,
  keptRun,
  outlineOf,
  reexecute,
  revealOf,
  segmentOf,
  segmentWith,
  type Checked,
  type Outline,
} from '../../runtime/piee/index.ts'
import { receiptOf } from '../../runtime/piee/testing/kit.ts'
import { dispute } from './disputes.ts'
import { Draws, FAULTS, faultsOf, type Fault } from './faults.ts'
import { noiseInputs, onKernels, runOrNone, type RealModel } from './models.ts'
import { Exposed, NATIVE, OLD, WEB } from './native.ts'

export const beaconOf = (seed: string, i: number): Uint8Array => digest('test-beacon', encode([seed, i]))

/** One entry of a run, as a verifier checks it: the segment revealed and bound, the operator run again. */
export async function sample(
  run: GraphRun,
  commitment: Commitment,
  outline: Outline,
  entry: number,
  operators: OperatorRunner,
): Promise<Checked> {
  const number = segmentWith(commitment, entry)
  const values = checkReveal(outline, commitment, number, await revealOf(run, outline, segmentOf(commitment, number)))
  const fetch = async (name: string) => (await run.values([name]))[0] as NonNullable<Awaited<ReturnType<GraphRun['values']>>[number]>
  return reexecute({ outline, commitment, values, entry, fetch, runner: operators })
}

export interface Honest {
  readonly runs: number
  /** Verdicts `different`, commitments of exact runs that are not alike, and disputes that an honest prover lost. */
  readonly accusations: readonly string[]
  readonly results: Readonly<Record<Checked['result'], number>>
  readonly byVariant: Readonly<Record<string, number>>
  readonly falseChallenges: number
}

/** Inputs of one model before the next one: a device keeps few models. */
const ROUNDS = 10

/** So many honest runs: models x batches x inputs x runtimes, each with one operator drawn by a beacon; each fiftieth is challenged falsely. A model comes with ten inputs before the next, so few runs see few models. */
export async function honestRuns(models: readonly RealModel[], count: number, seed: string): Promise<Honest> {
  const { runner, operators } = await onKernels(models)
  const variants = [...NATIVE, OLD, WEB]
  const exposed = new Map(
    models.flatMap((model) => variants.map((variant) => [`${model.name} ${variant.name}`, new Exposed(model, variant)] as const)),
  )
  const accusations: string[] = []
  const results = { same: 0, different: 0, unchecked: 0 }
  const byVariant: Record<string, number> = {}
  let runs = 0
  let falseChallenges = 0

  const one = async (
    variant: string,
    model: RealModel,
    run: GraphRun,
    honest: GraphRun,
    outline: Outline,
    own: Commitment,
  ): Promise<void> => {
    const commitment = await commitRun(run)
    const [entry] = drawOperators(
      beaconOf(seed, runs),
      receiptOf(`run ${runs}`),
      outline.trace.map(({ cost }) => cost),
      1,
    ) as [number]
    const { result, evidence } = await sample(run, commitment, outline, entry, operators)
    results[result]++
    const what = `${model.name} on ${variant}, run ${runs}, entry ${entry} (${evidence.operator})`
    if (result === 'different') accusations.push(`${what}: element ${evidence.at?.join()}`)
    if (run.arithmetic.startsWith('exact') && firstDifference(commitment, own) !== undefined)
      accusations.push(`${what}: another commitment`)
    if (runs % 50 === 0) {
      falseChallenges++
      const draws = new Draws(`${seed} ${runs}`)
      const faults = await faultsOf(model, honest, `${seed} ${runs}`, operators)
      const lying = await faults.make('one element', draws, entry)
      const played = lying && (await dispute(honest, lying, operators, { outline }))
      if (played?.settled.outcome.losers.includes('prover') === true)
        accusations.push(`${what}: lost a dispute: ${played.settled.outcome.detail}`)
    }
    runs++
    byVariant[variant] = (byVariant[variant] ?? 0) + 1
  }

  try {
    for (let round = 0; runs < count; round += ROUNDS) {
      const before = runs
      for (const model of models)
        for (let input = round; input < round + ROUNDS && runs < count; input++)
          for (const batch of [1, 4]) {
            if (batch > 1 && !model.model.graph.inputs.every(({ shape }) => shape[0] === -1)) continue
            const inputs = noiseInputs(model, `${seed} ${input}`, batch)
            const honest = await runOrNone(runner, model, inputs)
            if (honest === undefined) continue
            const outline = outlineOf(honest)
            const own = await commitRun(honest)
            if (runs < count) await one('wasm', model, honest, honest, outline, own)
            for (const variant of variants) {
              if (runs >= count) break
              const run = await (exposed.get(`${model.name} ${variant.name}`) as Exposed).run(honest, inputs)
              await one(variant.name, model, run, honest, outline, own)
            }
          }
      if (runs === before) throw new Error('none of the models runs on kernels')
    }
  } finally {
    await Promise.all([...exposed.values()].map((sessions) => sessions.close()))
    await runner.close()
  }
  return { runs, accusations, results, byVariant, falseChallenges }
}

export interface Faulty {
  readonly faults: number
  /** Faults after which the prover, and the prover alone, lost the dispute. */
  readonly found: number
  readonly missed: readonly string[]
  /** Draws that changed nothing that anyone committed to, so nothing false was claimed. */
  readonly harmless: number
  readonly byKind: Readonly<Record<Fault, number>>
}

/** So many faults of all kinds, one after the other, each disputed. */
export async function faultyRuns(models: readonly RealModel[], count: number, seed: string): Promise<Faulty> {
  const { runner, operators } = await onKernels(models)
  const draws = new Draws(seed)
  const byKind = Object.fromEntries(FAULTS.map((fault) => [fault, 0])) as Record<Fault, number>
  const missed: string[] = []
  let faults = 0
  let harmless = 0
  try {
    for (let round = 0; faults < count; round++) {
      const before = faults
      for (const model of models) {
        if (faults >= count) break
        const honest = await runOrNone(runner, model, noiseInputs(model, `${seed} ${round}`))
        if (honest === undefined) continue
        const outline = outlineOf(honest)
        const own = await commitRun(honest)
        const costs = outline.trace.map(({ cost }) => cost)
        const maker = await faultsOf(model, honest, `${seed} ${round}`, operators)
        for (let i = 0; i < 70 && faults < count; i++) {
          const fault = FAULTS[i % FAULTS.length] as Fault
          const [entry] = drawOperators(beaconOf(seed, draws.next(2 ** 31)), receiptOf('fault'), costs, 1) as [number]
          const lying = await maker.make(fault, draws, entry)
          const played = lying && (await dispute(lying, honest, operators, { outline, own }))
          if (played === undefined) {
            if (lying !== undefined) harmless++
            continue
          }
          faults++
          byKind[fault]++
          const { outcome } = played.settled
          if (outcome.losers.join() !== 'prover')
            missed.push(`${fault} in ${model.name} at ${entry}: ${outcome.losers.join()} lost, ${outcome.detail}`)
        }
      }
      if (faults === before) throw new Error('none of the models runs on kernels')
    }
  } finally {
    await runner.close()
  }
  return { faults, found: faults - missed.length, missed, harmless, byKind }
}

export interface Sampled {
  readonly runs: number
  readonly caught: number
  readonly expected: number
  readonly sigma: number
}

/** Faulty runs with one sample each: how many were caught, and how many the formula says, from which entries do not follow from their inputs. */
export async function sampledFaults(models: readonly RealModel[], count: number, seed: string): Promise<Sampled> {
  const { runner, operators } = await onKernels(models)
  const draws = new Draws(`${seed} sampled`)
  let [runs, caught, expected, variance] = [0, 0, 0, 0]
  try {
    for (let round = 0; runs < count; round++) {
      const before = runs
      for (const model of models) {
        const honest = await runOrNone(runner, model, noiseInputs(model, `${seed} sampled ${round}`))
        if (honest === undefined) continue
        const outline = outlineOf(honest)
        const costs = outline.trace.map(({ cost }) => cost)
        const maker = await faultsOf(model, honest, `${seed} sampled ${round}`, operators)
        for (const fault of FAULTS) {
          if (runs >= count) break
          const lying = await maker.make(fault, draws, draws.next(costs.length))
          if (lying === undefined) continue
          const commitment = await commitRun(lying)
          const held = await keptRun(lying)
          const wrong: number[] = []
          for (let entry = 0; entry < costs.length; entry++)
            if ((await sample(held, commitment, outline, entry, operators)).result === 'different') wrong.push(entry)
          const rate = catchRate(costs, wrong, 2)
          const drawn = drawOperators(beaconOf(`${seed} sampled`, runs), receiptOf(`sampled ${runs}`), costs, 2)
          runs++
          expected += rate
          variance += rate * (1 - rate)
          if (drawn.some((entry) => wrong.includes(entry))) caught++
        }
      }
      if (runs === before) throw new Error('none of the models runs on kernels')
    }
  } finally {
    await runner.close()
  }
  return { runs, caught, expected, sigma: Math.sqrt(variance) }
}
