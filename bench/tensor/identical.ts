/** Every tensor of whole models on `wasm` against onnxruntime-web, byte by byte: on real inputs and on random ones. */
import { equalBytes, fileCid, type GraphRun } from '../../runtime/core/index.ts'
import { onnxWeb, ortRunner, wasmRunner, type ExactGuest } from '../../runtime/tpu-bridge/index.ts'
import { rowOf, type Row } from '../row.ts'
import { exactGuest } from './exact.ts'
import { ocr, vad, wake, zoo, type BenchModel } from './inputs.ts'

/** Random inputs of each model; fewer by `UTNET_BENCH_INPUTS`. */
const RANDOM = Number(process.env['UTNET_BENCH_INPUTS'] ?? 100)
const MODELS: readonly (() => BenchModel)[] = [
  () => ocr('cls'),
  () => ocr('rec'),
  () => ocr('det'),
  wake,
  vad,
  () => zoo('tiny-transformer'),
  () => zoo('gru-keyword'),
]

export async function identicalRows(emit: (row: Row) => void): Promise<void> {
  const exact = await exactGuest()
  let same = 0
  for (const make of MODELS) {
    const model = make()
    try {
      const { inputs, tensors, different } = await compare(model, exact)
      process.stderr.write(
        `${model.name}: ${inputs} inputs, ${tensors} tensors each, ${different.length === 0 ? 'all identical' : `different: ${different.slice(0, 5).join(', ')}`}\n`,
      )
      if (different.length === 0) same++
    } catch (error) {
      process.stderr.write(`${model.name}: ${(error as Error).message}\n`)
    }
  }
  const row = `models whose every tensor is that of onnxruntime-web 1.30.0, byte for byte, on real inputs and ${RANDOM} random ones each`
  emit(rowOf('tensor', { id: 'tensor.identical.models', row, unit: 'models', values: [same], atLeast: 6 }))
}

/** Operators with their values, where those differ. */
async function compare(model: BenchModel, exact: ExactGuest) {
  const cid = fileCid(model.bytes)
  const read = async (): Promise<Uint8Array> => model.bytes
  const ours = wasmRunner({ exact, models: read })
  const theirs = ortRunner(onnxWeb(), read)
  const different = new Set<string>()
  const given = [...model.real, ...Array.from({ length: RANDOM }, (_, i) => model.random(i + 1))]
  let tensors = 0
  for (const inputs of given) {
    const [a, b] = [await ours.run(cid, inputs), await theirs.run(cid, inputs)]
    const names = a.trace.flatMap((e) => e.outputs).filter((name) => name !== '')
    tensors = Math.max(tensors, names.length)
    if (a.trace.length !== b.trace.length) different.add(`a trace of ${a.trace.length} against ${b.trace.length}`)
    for (const name of await differing(a, b, names)) different.add(`${a.trace.find((e) => e.outputs.includes(name))?.operator} ${name}`)
  }
  await Promise.all([ours.close(), theirs.close()])
  return { inputs: given.length, tensors, different: [...different] }
}

async function differing(a: GraphRun, b: GraphRun, names: readonly string[]): Promise<readonly string[]> {
  const [ours, theirs] = [await a.values(names), await b.values(names)]
  return names.filter((_, i) => {
    const [p, q] = [ours[i], theirs[i]]
    return p === undefined || q === undefined || p.dtype !== q.dtype || p.shape.join() !== q.shape.join() || !equalBytes(p.data, q.data)
  })
}
