/** What the second implementation says of bundles, held against our verifier. */
import { fromBase64 } from '../../runtime/core/index.ts'
import { verifyBundle } from '../../runtime/verify/index.ts'

/** A line of mutants.py or lies.py. */
export interface Tried {
  readonly what: string
  readonly bundle: string
  /** Base64, where it is not the one that is given. */
  readonly genesis?: string
  readonly holds: boolean
  readonly why: string | null
  /** True where nothing was changed after all. */
  readonly same: boolean
}

/** The tries of which the two do not think alike, with what each says. */
export async function disagreements(tries: readonly Tried[], genesis?: Uint8Array): Promise<string[]> {
  const out: string[] = []
  for (const tried of tries) {
    const trust = tried.genesis === undefined ? genesis : fromBase64(tried.genesis, 'genesis')
    const { valid, checks } = await verifyBundle(fromBase64(tried.bundle, 'bundle'), { trust: trust === undefined ? [] : [trust] })
    const ours = checks.find((check) => !check.ok)
    if (valid !== tried.holds) out.push(`${tried.what}: ours ${ours?.detail ?? 'holds'}; second ${tried.why ?? 'holds'}`)
  }
  return out
}
