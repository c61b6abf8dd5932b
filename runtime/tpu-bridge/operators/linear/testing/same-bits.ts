/** For tests: where a case on our kernels, in one share, in three and in more than there is work for, differs from onnxruntime-web; and values that show what an order does. */
import fc from 'fast-check'
import type { Tensor } from '../../../../core/index.ts'
import { difference, f32, onKernels, onWeb, type CaseInput, type NodeCase } from '../../testing/node-case.ts'

export async function differences(c: NodeCase): Promise<readonly string[]> {
  const theirs = await onWeb(c)
  const found: string[] = []
  for (const parts of [1, 3, 17]) {
    const ours = await onKernels(c, parts)
    ours.forEach((t, i) => {
      const where = difference(t, theirs[i] as Tensor)
      if (where !== undefined) found.push(`${parts} shares, output ${i}: ${where}`)
    })
  }
  return found
}

/** Numbers of -1 to 1 by seed; with `special`, among them NaNs, infinities, zeros of both signs and denormals. */
export function tensorOf(shape: readonly number[], seed: number, special = false): Tensor {
  const rare = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, -0, 1e-42, -1e-42, 3e38]
  let s = (seed * 2654435761 + 1) >>> 0
  const next = (): number => (s = (Math.imul(s, 1664525) + 1013904223) >>> 0)
  const values = Array.from({ length: shape.reduce((n, d) => n * d, 1) }, () => {
    const v = next() / 2 ** 31 - 1
    return special && next() % 16 === 0 ? (rare[next() % rare.length] as number) : v
  })
  return f32(shape, values)
}

export const constantOf = (tensor: Tensor, constant = true): CaseInput => ({ ...tensor, constant })

export const seed = fc.integer({ min: 0, max: 1_000_000 })

export const ints = (value: readonly number[]) => ({ kind: 'ints', value }) as const
export const int = (value: number) => ({ kind: 'int', value }) as const
export const float = (value: number) => ({ kind: 'float', value: Math.fround(value) }) as const
export const text = (value: string) => ({ kind: 'string', value }) as const
