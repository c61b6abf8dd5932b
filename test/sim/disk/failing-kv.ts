/** A store of which one commit fails: before anything of it is written, or when all of it is durable and only the answer is lost. */
import { UtnetError, type Kv } from '../../../runtime/core/index.ts'

export type Failure = 'nothing-written' | 'all-written'

/** The store over another. As the real one, it takes nothing more after its first failure. */
export function failingKv(kv: Kv, at: number, failure: Failure): Kv & { readonly commits: () => number } {
  let commits = 0
  let failed: UtnetError | undefined
  return {
    get: (key) => kv.get(key),
    range: (from, to, options) => kv.range(from, to, options),
    commit: async (changes) => {
      if (failed !== undefined) throw failed
      if (commits++ === at) {
        failed = new UtnetError('disk_failed', 'ENOSPC: no space left on device')
        if (failure === 'all-written') await kv.commit(changes)
        throw failed
      }
      await kv.commit(changes)
    },
    close: () => kv.close(),
    commits: () => commits,
  }
}
