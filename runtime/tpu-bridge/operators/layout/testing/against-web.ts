import type { Tensor } from '../../../../core/index.ts'
import { difference, onKernels, onWeb, type NodeCase } from '../../testing/node-case.ts'

/** Where our outputs are not those of onnxruntime-web byte for byte, in one share and in three; empty where they are. */
export async function differences(c: NodeCase): Promise<readonly string[]> {
  const oracle = await onWeb(c)
  const found: string[] = []
  for (const parts of [1, 3]) {
    const ours = await onKernels(c, parts)
    if (ours.length !== oracle.length) found.push(`${ours.length} outputs against ${oracle.length}`)
    ours.forEach((t, i) => {
      const apart = difference(t, oracle[i] as Tensor)
      if (apart !== undefined)
        found.push(
          `${c.op} in ${parts} shares, output ${i}: ${apart} (${JSON.stringify([c.attributes, c.inputs.map((x) => [x?.dtype, x?.shape])])})`,
        )
    })
  }
  return found
}
