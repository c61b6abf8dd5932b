/** Tensors: what models, kernels, commitments and disputes cost. Parts stand alone: `npm run -s bench -- tensor --only=matmul`. */
import type { Emit } from './row.ts'
import { pieeRows } from './tensor/piee.ts'
import { identicalRows } from './tensor/identical.ts'
import { matmulRows } from './tensor/matmul.ts'
import { modelRows } from './tensor/models.ts'
import { verifiedRows } from './tensor/verified.ts'
import { fusionRows } from './tensor/fusion.ts'
import { onnxRows } from './tensor/onnx.ts'
import { servingRows } from './tensor/serving.ts'
import { zooRows } from './tensor/zoo.ts'

/** Each measures rows of its own, in the order of the table. */
const PARTS: Readonly<Record<string, (emit: Emit) => Promise<void>>> = {
  piee: pieeRows,
  identical: identicalRows,
  matmul: matmulRows,
  models: modelRows,
  verified: verifiedRows,
  fusion: fusionRows,
  onnx: onnxRows,
  zoo: zooRows,
  serving: servingRows,
}

/** Measures the parts that `only` names, or all. Throws RangeError for a part that is not there. */
export async function tensorArea(emit: Emit, only: readonly string[]): Promise<void> {
  const wrong = only.find((name) => !Object.hasOwn(PARTS, name))
  if (wrong !== undefined) throw new RangeError(`there is no part ${wrong}; there is ${Object.keys(PARTS).join(', ')}`)
  for (const [name, part] of Object.entries(PARTS)) if (only.length === 0 || only.includes(name)) await part(emit)
}
