/** `node examples/zoo/table.ts`: writes docs/model-zoo.md. A test holds the page to what this gives. */
import { writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { operatorKinds } from '../../runtime/tpu-bridge/operators/index.ts'
import { zooModels, type ZooModel } from './index.ts'

const HEAD = `# The model zoo

Narrow variants of known architectures, exported by torch with seeded random weights; how they are made: [examples/zoo](../examples/zoo/README.md). Each loads and runs on \`onnx-web\` and
\`onnx-cpu\`, agrees with torch to 1e-5 of an output's greatest magnitude, and verifies: on \`onnx-web\` another node repeats outputs and checkpoints byte for byte, on \`onnx-cpu\` outputs lie
within that bound of the exact ones (\`test/zoo.test.ts\`).

The last column says which nodes are exact on \`wasm\`: where all are, the model runs there whole and gives the bytes of \`onnx-web\`; otherwise the nodes named run on \`onnx-cpu\`
(device \`wasm-mixed\`), and the commitment lists them as exceptions.
`

/** Operators of a model that have no kernels at all, with counts, in the order of `zoo.json`. */
export function withoutKernels({ operators }: ZooModel): readonly (readonly [operator: string, count: number])[] {
  const kinds = new Set([...operatorKinds(), 'If'])
  return Object.entries(operators).filter(([kind]) => !kinds.has(kind))
}

function wasm(model: ZooModel): string {
  const without = withoutKernels(model)
  return without.length === 0 ? 'all' : `all but ${without.map(([kind, count]) => `${kind} (${count})`).join(', ')}`
}

/** The page. */
export function zooPage(): string {
  const rows = zooModels().map(
    (m) =>
      `| ${m.name} | ${m.architecture} | ${m.exporter}, ${m.opset} | ${Math.round(m.bytes / 1000)} | ${m.nodes} | ${Object.keys(m.operators).length} | ${wasm(m)} |`,
  )
  return [
    HEAD,
    '| model | architecture | exporter, opset | KB | nodes | operators | exact on `wasm` |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n')
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
  writeFileSync(new URL('../../docs/model-zoo.md', import.meta.url), zooPage())
