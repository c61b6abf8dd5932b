/** What metering costs at run time: the prepared module (gas, frame depth and NaNs) against the original, and against npm's wasm-metering. */
import { prepareModule } from '../../runtime/host/prepare/index.ts'
import { readModule } from '../../runtime/host/wasm/index.ts'
import { ratioOf, rowOf, type Row } from '../row.ts'
import { compileKernels, compileSimdKernels, KERNELS, SIMD_KERNELS } from './kernels.ts'
import { meteringPeer } from './metering-peer.ts'

type Kernel = (n: number) => number
type Kernels = Readonly<Record<string, Kernel>>

const ROUNDS = 31
/** The best of these is one run: what disturbs the machine only adds. */
const TRIES = 3
const PEER_ROUNDS = 5
const GAS = 1n << 60n

const instantiate = (bytes: Uint8Array, imports: WebAssembly.Imports = {}): WebAssembly.Exports =>
  new WebAssembly.Instance(new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>), imports).exports

function prepared(bytes: Uint8Array): { readonly kernels: Kernels; readonly fill: () => void } {
  const exports = instantiate(prepareModule(readModule(bytes)))
  const gas = exports['utnet:gas'] as WebAssembly.Global<'i64'>
  ;(exports['utnet:start'] as (() => void) | undefined)?.()
  return { kernels: exports as unknown as Kernels, fill: () => void (gas.value = GAS) }
}

/** ms of the fastest of some calls. */
function time(kernel: Kernel, n: number, tries = TRIES): number {
  let best = Number.POSITIVE_INFINITY
  for (let i = 0; i < tries; i++) {
    const from = performance.now()
    kernel(n)
    best = Math.min(best, performance.now() - from)
  }
  return best
}

/** Calls until the engine has compiled it for the last time. */
function warm(kernel: Kernel, n: number): void {
  const until = performance.now() + 150
  while (performance.now() < until) kernel(n)
}

interface Measured {
  readonly ours: readonly number[]
  readonly original: readonly number[]
}

function compare(name: string, n: number, original: Kernel, ours: Kernel, fill: () => void): Measured {
  fill()
  if (original(n) !== ours(n)) throw new Error(`${name}: the prepared kernel computes something else`)
  warm(original, n)
  warm(ours, n)
  const runs = { ours: [] as number[], original: [] as number[] }
  for (let round = 0; round < ROUNDS; round++) {
    fill()
    runs.original.push(time(original, n))
    runs.ours.push(time(ours, n))
  }
  return runs
}

/** Bar by row id; those without have none. */
const BARS: Readonly<Record<string, readonly [id: string, row: string, atMost?: number]>> = {
  sha256: ['sha256', 'sha256, prepared over original', 1.1],
  matmul: ['matmul', 'matmul f32, prepared over original', 1.1],
  matmulSimd: ['matmul-simd', 'matmul f32x4, sums in locals, prepared over original', 1.1],
  scatter: ['scatter', 'scatter over 4 MiB, prepared over original', 1.1],
  heapsort: ['heapsort', 'heapsort, prepared over original', 1.1],
  fib: ['fib', 'recursive fib, prepared over original', 1.5],
  treewalk: ['treewalk', 'tree walk with call_indirect, prepared over original', 1.5],
  matmulRows: ['matmul-rows', 'matmul f32x4 that stores every step, prepared over original'],
}
const LOOPS: ReadonlySet<string> = new Set(['sha256', 'matmul', 'matmulSimd', 'scatter', 'heapsort'])

const geomean = (values: readonly number[]): number => Math.exp(values.reduce((sum, x) => sum + Math.log(x), 0) / values.length)

export async function meterRows(emit: (row: Row) => void): Promise<void> {
  const mvp = await compileKernels()
  const simd = await compileSimdKernels()
  const peers = (['readme', 'closure'] as const).map((host) => meteringPeer(mvp, host) as unknown as Kernels)
  const loops: number[][] = []
  const faster: readonly number[][][] = [[], []]
  for (const [bytes, sizes] of [
    [mvp, KERNELS],
    [simd, SIMD_KERNELS],
  ] as const) {
    const original = instantiate(bytes) as unknown as Kernels
    const { kernels, fill } = prepared(bytes)
    for (const [name, n] of Object.entries(sizes)) {
      const [id, row, atMost] = BARS[name] as (typeof BARS)[string]
      const ours = kernels[name] as Kernel
      const measured = compare(name, n, original[name] as Kernel, ours, fill)
      emit(
        ratioOf('host', {
          id: `host.meter.${id}`,
          row,
          peer: 'the same module as compiled',
          ours: measured.ours,
          theirs: measured.original,
          ...(atMost === undefined ? {} : { atMost }),
        }),
      )
      if (LOOPS.has(name)) loops.push(measured.ours.map((ms, i) => ms / (measured.original[i] as number)))
      if (bytes !== mvp) continue
      peers.forEach((peer, i) => {
        const theirs = peer[name] as Kernel
        warm(theirs, n)
        faster[i]?.push(
          Array.from({ length: PEER_ROUNDS }, () => {
            fill()
            return time(theirs, n, 1) / time(ours, n)
          }),
        )
      })
    }
  }
  const across = (ratios: readonly (readonly number[])[]): number[] =>
    (ratios[0] as readonly number[]).map((_, i) => geomean(ratios.map((of) => of[i] as number)))
  emit(rowOf('host', { id: 'host.meter.geomean', row: 'loop kernels, geometric mean', unit: 'x', values: across(loops), atMost: 1.06 }))
  for (const [i, [id, host, bar]] of (
    [
      ['vs-wasm-metering', "its README's host function", { atLeast: 10 }],
      ['vs-wasm-metering-closure', 'the same in a closure', {}],
    ] as const
  ).entries()) {
    emit(
      rowOf('host', {
        id: `host.meter.${id}`,
        row: `wasm-metering with ${host} over ours, geometric mean of the kernels that it can read`,
        unit: 'x',
        peer: 'wasm-metering',
        values: across(faster[i] as readonly number[][]),
        ...bar,
      }),
    )
  }
}
