/** `utnet dev --watch DIR`: builds and deploys a project whenever its sources change. */
import { watch } from 'node:fs'
import { asUtnetError, type NodeApi } from '../runtime/core/index.ts'
import { loadRuntime } from './runtime.ts'
import { publish } from './chain/index.ts'

const SETTLE_MS = 100
const SOURCE = /\.(ts|m?js|wit|jsonc)$/
const INSTALLED = /(^|[\\/])node_modules[\\/]/

/** Deploys under the user's key, once and then on every change; gives the function that stops it. Errors are said, and the last good version stays. */
export async function watchAndDeploy(dir: string, api: NodeApi, say: (text: string) => void): Promise<() => Promise<void>> {
  const { buildGuest } = await loadRuntime()
  const deploy = async (): Promise<void> => {
    try {
      const built = await buildGuest({ dir })
      const view = await publish(api, built.name, built, say)
      say(`deployed ${view.name} ${view.module}`)
    } catch (thrown) {
      const error = asUtnetError(thrown)
      say(`not deployed: ${error.message}\n  code: ${error.code}\nthe version before stays`)
    }
  }
  let running = deploy()
  let timer: NodeJS.Timeout | undefined
  const changed = (_event: string, file: string | null): void => {
    if (file !== null && (!SOURCE.test(file) || INSTALLED.test(file))) return
    clearTimeout(timer)
    timer = setTimeout(() => {
      running = running.then(deploy)
    }, SETTLE_MS)
  }
  const watcher = watch(dir, { recursive: true }, changed)
  await running
  return () => {
    clearTimeout(timer)
    watcher.close()
    return running
  }
}
