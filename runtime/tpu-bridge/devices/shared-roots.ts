/** Roots of a run's tensors, half of the work in another thread. */
import { tensorRoot, type Tensor } from '../../core/index.ts'
import { canonicaliseNaNs } from '../nan.ts'
import type { Hasher } from './hash-thread/index.ts'

/** Bytes below which a message to the thread costs more than the hashing. */
const SHARED_BYTES = 262_144

/** Roots by name. Tensors of which the third member is true are spare: they may be gone afterwards, and their NaNs need not be canonical. */
export async function rootsOf(
  tensors: readonly (readonly [name: string, tensor: Tensor, spare: boolean])[],
  hasher: Hasher | undefined,
): Promise<ReadonlyMap<string, Uint8Array>> {
  const all = tensors.reduce((n, [, t]) => n + t.data.length, 0)
  const away: (readonly [string, Tensor])[] = []
  let bytes = 0
  if (hasher !== undefined && all >= SHARED_BYTES)
    for (const [name, tensor, spare] of [...tensors].sort(([, a], [, b]) => b.data.length - a.data.length))
      if (spare && bytes + tensor.data.length <= all / 2 + SHARED_BYTES) {
        away.push([name, tensor])
        bytes += tensor.data.length
      }
  const sent = new Set(away.map(([name]) => name))
  const theirs = away.length === 0 ? Promise.resolve([]) : (hasher as Hasher).roots(away.map(([, t]) => t))
  const roots = new Map<string, Uint8Array>()
  for (const [name, tensor, spare] of tensors) {
    if (sent.has(name)) continue
    if (spare) canonicaliseNaNs(tensor)
    roots.set(name, tensorRoot(tensor))
  }
  for (const [i, root] of (await theirs).entries()) roots.set((away[i] as readonly [string, Tensor])[0], root)
  return roots
}
