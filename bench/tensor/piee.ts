/** Proofs of execution: what a referee runs again, honest runs that nobody accuses, faults that are found, and Freivalds against recomputation. */
import { commitRun } from '../../runtime/core/index.ts'
import { useNativeHashes } from '../../runtime/crypto/native.ts'
import { challengeSeed, checkProduct, drawOperators, keptRun, outlineOf, type IntegerProduct } from '../../runtime/piee/index.ts'
import { receiptOf } from '../../runtime/piee/testing/kit.ts'
import { beaconOf, faultyRuns, honestRuns, sampledFaults } from '../../test/piee/campaign.ts'
import { dispute } from '../../test/piee/disputes.ts'
import { Draws, faultsOf } from '../../test/piee/faults.ts'
import { noiseInputs, onKernels, realModel, zooModels } from '../../test/piee/models.ts'
import { rowOf, type Row } from '../row.ts'

const AREA = 'tensor'
/** Smaller counts for a look: `PIEE_RUNS=200`. The rows are of the full ones. */
const scaled = (full: number): number => Math.min(full, Number(process.env['PIEE_RUNS'] ?? full))

/** What the referee runs of rec, faults drawn by cost. */
async function refereeShare(emit: (row: Row) => void): Promise<void> {
  const model = realModel('rec')
  const { runner, operators } = await onKernels([model])
  const honest = await keptRun(await runner.run(model.cid, noiseInputs(model, 'share')))
  const outline = outlineOf(honest)
  const own = await commitRun(honest)
  const faults = await faultsOf(model, honest, 'share', operators)
  const costs = outline.trace.map(({ cost }) => cost)
  const shares: number[] = []
  for (const [i, entry] of drawOperators(beaconOf('share', 0), receiptOf('share'), costs, scaled(40)).entries()) {
    const lying = await faults.make('one element', new Draws(`share ${i}`), entry)
    const played = lying && (await dispute(lying, honest, operators, { outline, own }))
    if (played === undefined) continue
    const { outcome, ran } = played.settled
    if (outcome.losers.join() !== 'prover' || ran?.entry !== entry)
      throw new Error(`a fault at ${entry} of rec ended otherwise: ${outcome.detail}`)
    shares.push(ran.cost / outline.cost)
  }
  await runner.close()
  const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length
  emit(
    rowOf(AREA, {
      id: 'tensor.referee.share',
      row: 'share of the cost of rec that the referee runs, mean over faults drawn by cost',
      unit: 'of the model',
      values: shares,
      value: mean,
      atMost: 0.01,
    }),
  )
}

async function campaigns(emit: (row: Row) => void): Promise<void> {
  const small = zooModels().slice(0, 8)
  const faulty = await faultyRuns([realModel('cls'), ...small.slice(0, 5)], scaled(1_000), 'faults bench')
  for (const text of faulty.missed.slice(0, 10)) console.error(`missed: ${text}`)
  console.error(
    `faults: ${faulty.faults}, ${JSON.stringify(faulty.byKind)}; ${faulty.harmless} draws changed nothing that was committed to`,
  )
  emit(
    rowOf(AREA, {
      id: 'tensor.faults.found',
      row: `of ${faulty.faults} faults of seven kinds, those whose dispute the prover alone lost`,
      unit: 'share',
      values: [faulty.found / faulty.faults],
      atLeast: 1,
    }),
  )
  const sampled = await sampledFaults(small.slice(0, 4), scaled(300), 'sampled bench')
  console.error(
    `sampled: ${sampled.caught} of ${sampled.runs} caught, ${sampled.expected.toFixed(1)} by the formula, sigma ${sampled.sigma.toFixed(1)}`,
  )
  emit(
    rowOf(AREA, {
      id: 'tensor.sampling.deviation',
      row: `faults that two samples caught, of ${sampled.runs}, against 1 - (1 - w)^2`,
      unit: 'sigma',
      values: [Math.abs(sampled.caught - sampled.expected) / sampled.sigma],
      atMost: 3,
    }),
  )
  const honest = await honestRuns(small, scaled(10_000), 'honest bench')
  for (const text of honest.accusations.slice(0, 10)) console.error(`accused: ${text}`)
  console.error(
    `honest runs: ${honest.runs}, verdicts ${JSON.stringify(honest.results)}, by runtime ${JSON.stringify(honest.byVariant)}, ${honest.falseChallenges} of them challenged falsely`,
  )
  emit(
    rowOf(AREA, {
      id: 'tensor.honest.false',
      row: `false accusations in ${honest.runs} honest runs on seven runtimes, one operator sampled in each`,
      unit: 'accusations',
      values: [honest.accusations.length],
      atMost: 0,
    }),
  )
}

/** Int8 matrices of a seed, and their product. */
function matrices(n: number): IntegerProduct {
  let state = n
  const byte = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return (state >>> 24) - 128
  }
  const a = Int16Array.from({ length: n * n }, byte)
  const b = Int16Array.from({ length: n * n }, byte)
  return { m: n, k: n, n, a, b, c: recompute(a, b, n) }
}

/** The product by the order of loops that is quickest in JavaScript. */
function recompute(a: Int16Array, b: Int16Array, n: number): Int32Array {
  const c = new Int32Array(n * n)
  for (let i = 0; i < n; i++)
    for (let k = 0; k < n; k++) {
      const value = a[i * n + k] as number
      const row = k * n
      const out = i * n
      for (let j = 0; j < n; j++) c[out + j] = (c[out + j] as number) + value * (b[row + j] as number)
    }
  return c
}

function freivalds(emit: (row: Row) => void): void {
  const n = 256
  const product = matrices(n)
  const seed = challengeSeed(['bench'])
  const ours: number[] = []
  const theirs: number[] = []
  for (let round = 0; round < 25; round++) {
    let began = performance.now()
    if (!checkProduct(product, seed)) throw new Error('a right product does not pass')
    ours.push(performance.now() - began)
    began = performance.now()
    recompute(product.a as Int16Array, product.b as Int16Array, n)
    theirs.push(performance.now() - began)
  }
  const best = (of: readonly number[]): number => Math.min(...of.slice(5))
  emit(
    rowOf(AREA, {
      id: 'tensor.freivalds.vs-recompute',
      row: 'int8 product, n = 256: recomputing over checking it by Freivalds (2^-64)',
      unit: 'x',
      values: ours.map((own, i) => (theirs[i] as number) / own),
      value: best(theirs) / best(ours),
      peer: 'the product in JavaScript',
      atLeast: 10,
    }),
  )
}

export async function pieeRows(emit: (row: Row) => void): Promise<void> {
  useNativeHashes()
  freivalds(emit)
  await refereeShare(emit)
  await campaigns(emit)
}
