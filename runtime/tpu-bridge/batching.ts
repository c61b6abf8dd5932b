/**
 * Runs that wait at the same time become one, joined along dimension 0, where that changes no bit: a model is batched for a shape and a number of rows (kernels choose their
 * tiles by it) only after a run of as many gave, row by row, the bytes of the rows alone, one of numbers of our own among them (requests may all be alike), and only where
 * the joined run was not slower than those alone, once measured. No timer: what comes while a run is at work is the next batch.
 * Does not protect against: a model that was made to mix rows for certain numbers only. Who runs it has trusted its maker with the inputs anyway, but not with those of others.
 */
import { DTYPES, type NamedTensor, type TensorSpec } from '../core/index.ts'
import type { LoadedModel } from './device.ts'

/** Runs that one batch joins at most. */
const BATCH_MAX = 8
/** Numbers of rows that are tried for a shape, and shapes that are remembered of a model. */
const TRIED_MAX = 16
const SHAPES_MAX = 64

interface Waiting {
  readonly inputs: readonly NamedTensor[]
  readonly resolve: (outputs: readonly NamedTensor[]) => void
  readonly reject: (error: unknown) => void
}

/** Of a shape, the numbers of rows for which joining was tried, with whether it pays; false once bits changed. */
type Verdict = Map<number, boolean> | false

/** What batching did. */
export interface BatchCounts {
  /** Runs that were joined with others. */
  joined: number
  /** Batches that they made. */
  batches: number
}

/** The same model, batched where it can be; `now` is in milliseconds. `verified` runs are never joined: each has a trace of its own. */
export function batched(
  model: LoadedModel,
  counts: BatchCounts = { joined: 0, batches: 0 },
  now: () => number = () => performance.now(),
): LoadedModel {
  if (![...model.inputs, ...model.outputs].every(freeRows)) return model
  const verdicts = new Map<string, Verdict>()
  let waiting: Waiting[] = []
  let busy = false

  /** The batch's outputs one after the other, as if each had been alone. */
  async function alone(batch: readonly Waiting[]): Promise<void> {
    for (const { inputs, resolve, reject } of batch) await model.run(inputs).then(resolve, reject)
  }

  async function together(batch: readonly Pick<Waiting, 'inputs'>[]): Promise<readonly (readonly NamedTensor[])[]> {
    const rows = batch.map(({ inputs }) => rowsOf(inputs))
    const joined = model.inputs.map(({ name }) => stacked(batch.map(({ inputs }) => inputs.find((t) => t.name === name) as NamedTensor)))
    return split(await model.run(joined), rows)
  }

  /**
   * How long the batch took, its first run replaced by one of numbers of our own; false where it has not the bytes of its runs alone, undefined where all are alike and
   * nothing can be told.
   */
  async function probe(batch: readonly Waiting[], results: readonly (readonly NamedTensor[])[]): Promise<number | false | undefined> {
    const [{ inputs }, ...rest] = batch as readonly [Waiting, ...Waiting[]]
    const own = { inputs: inputs.map(ownNumbers) }
    if (rest.every((other) => sameBytes(byName(other.inputs), byName(own.inputs)))) return undefined
    const wanted = [await model.run(own.inputs), ...results.slice(1)]
    const began = now()
    const joined = await together([own, ...rest])
    const took = now() - began
    return joined.every((outputs, i) => sameBytes(outputs, wanted[i] as readonly NamedTensor[])) && took
  }

  /** Tries a batch both ways: the runs alone are what is answered. */
  async function tryOut(key: string, tried: Map<number, boolean>, batch: readonly Waiting[]): Promise<void> {
    const results: (readonly NamedTensor[])[] = []
    let failed = false
    const began = now()
    for (const { inputs, resolve, reject } of batch) {
      await model.run(inputs).then(
        (outputs) => {
          results.push(outputs)
          // the caller may do with them what it likes
          resolve(outputs.map((t) => ({ ...t, data: new Uint8Array(t.data) })))
        },
        (error: unknown) => {
          failed = true
          reject(error)
        },
      )
    }
    if (failed) return
    const alone = now() - began
    const together = await probe(batch, results).catch(() => false as const)
    if (together === false) verdicts.set(key, false)
    else if (together !== undefined) tried.set(totalRows(batch), together <= alone)
  }

  function verdictOf(key: string): Verdict {
    const found = verdicts.get(key) ?? new Map<number, boolean>()
    verdicts.delete(key)
    verdicts.set(key, found)
    for (const old of verdicts.keys()) if (verdicts.size > SHAPES_MAX) verdicts.delete(old)
    return found
  }

  async function join(batch: readonly Waiting[]): Promise<void> {
    counts.joined += batch.length
    counts.batches++
    await together(batch).then(
      (outputs) => batch.forEach(({ resolve }, i) => resolve(outputs[i] as readonly NamedTensor[])),
      // one of them may be at fault: each is told by a run of its own
      () => alone(batch),
    )
  }

  async function serve(): Promise<void> {
    while (waiting.length > 0) {
      const [first] = waiting as [Waiting, ...Waiting[]]
      const key = rowShape(first.inputs)
      const verdict = verdictOf(key)
      const batch = waiting.filter((w) => rowShape(w.inputs) === key).slice(0, verdict === false ? 1 : BATCH_MAX)
      waiting = waiting.filter((w) => !batch.includes(w))
      const pays = verdict === false || batch.length === 1 ? false : verdict.get(totalRows(batch))
      if (pays === true) await join(batch)
      else if (pays === undefined && verdict !== false && verdict.size < TRIED_MAX) await tryOut(key, verdict, batch)
      else await alone(batch)
    }
    // in the same turn as the look at `waiting`: whoever comes later begins anew
    busy = false
  }

  return {
    inputs: model.inputs,
    outputs: model.outputs,
    bytes: model.bytes,
    together: true,
    gone: () => model.gone?.() ?? false,
    run: (inputs) =>
      new Promise((resolve, reject) => {
        waiting.push({ inputs: inputs.map((t) => ({ ...t, data: new Uint8Array(t.data) })), resolve, reject })
        if (busy) return
        busy = true
        // what else comes in this turn may join
        queueMicrotask(() => void serve())
      }),
    verified: (inputs) => model.verified(inputs),
    close: () => model.close(),
  }
}

/** Other numbers of the same type: floats between -1 and 1 by a fixed sequence; integers, which may be indices, as they are. */
function ownNumbers(t: NamedTensor): NamedTensor {
  if (t.dtype !== 'f32' && t.dtype !== 'f64') return t
  let state = 1
  const values = Array.from({ length: t.data.length / DTYPES[t.dtype] }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 31 - 1
  })
  const floats = t.dtype === 'f32' ? Float32Array.from(values) : Float64Array.from(values)
  return { ...t, data: new Uint8Array(floats.buffer) }
}

const freeRows = ({ shape }: TensorSpec): boolean => shape[0] === -1

/** Runs with equal keys can be joined: their inputs differ in rows only. Whatever cannot be is a key of its own, and left to the model to refuse. */
function rowShape(inputs: readonly NamedTensor[]): string {
  const sorted = byName(inputs)
  const rows = new Set(sorted.map(({ shape }) => shape[0] ?? 0))
  const key = JSON.stringify(sorted.map(({ name, dtype, shape }) => [name, dtype, shape.slice(1)]))
  return rows.size === 1 && !rows.has(0) ? key : `${key}/${[...rows].join()}`
}

const byName = (inputs: readonly NamedTensor[]): readonly NamedTensor[] => [...inputs].sort((a, b) => (a.name < b.name ? -1 : 1))

const totalRows = (batch: readonly Pick<Waiting, 'inputs'>[]): number => batch.reduce((n, { inputs }) => n + rowsOf(inputs), 0)

const rowsOf = (inputs: readonly NamedTensor[]): number => inputs[0]?.shape[0] ?? 0

function stacked(parts: readonly NamedTensor[]): NamedTensor {
  const [first] = parts as readonly [NamedTensor]
  const rows = parts.reduce((n, t) => n + (t.shape[0] as number), 0)
  return { ...first, shape: [rows, ...first.shape.slice(1)], data: Buffer.concat(parts.map((t) => t.data)) }
}

/** The rows of each run. Throws RangeError where an output has not as many rows as went in. */
function split(outputs: readonly NamedTensor[], rows: readonly number[]): readonly (readonly NamedTensor[])[] {
  const total = rows.reduce((a, b) => a + b, 0)
  if (outputs.some((t) => t.shape[0] !== total)) throw new RangeError('an output has not the rows of the inputs')
  let at = 0
  return rows.map((count) => {
    const from = at
    at += count
    return outputs.map((t) => {
      const width = t.shape.slice(1).reduce((n, d) => n * d, DTYPES[t.dtype])
      return { ...t, shape: [count, ...t.shape.slice(1)], data: t.data.slice(from * width, at * width) }
    })
  })
}

const sameBytes = (a: readonly NamedTensor[], b: readonly NamedTensor[]): boolean =>
  a.length === b.length &&
  a.every((t, i) => t.shape.join() === b[i]?.shape.join() && Buffer.compare(t.data, (b[i] as NamedTensor).data) === 0)
