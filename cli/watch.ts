/** `utnet dev --watch DIR`: builds and deploys a project whenever its sources change. */
import { watch } from 'node:fs'
import { join } from 'node:path'
import { asUtnetError, type NodeApi } from '../runtime/core/index.ts'
import { buildGuest } from '../runtime/node/index.ts'

const SETTLE_MS = 100

/** Deploys once, then on every change; gives the function that stops it. Build errors are said, and the last good version stays. */
export async function watchAndDeploy(dir: string, api: NodeApi, say: (text: string) => void): Promise<() => void> {
  let running = Promise.resolve()
  const deploy = async (): Promise<void> => {
    try {
      const built = await buildGuest({ dir })
      const view = await api.deploy({ name: built.name, component: built.component })
      say(`deployed ${view.name} ${view.module}`)
    } catch (thrown) {
      const error = asUtnetError(thrown)
      say(`not deployed: ${error.message}\n  code: ${error.code}`)
    }
  }
  await deploy()
  let timer: NodeJS.Timeout | undefined
  const changed = (_event: string, file: string | null): void => {
    if (file !== null && !/\.(ts|wit|jsonc)$/.test(file)) return
    clearTimeout(timer)
    timer = setTimeout(() => {
      running = running.then(deploy)
    }, SETTLE_MS)
  }
  const watcher = watch(join(dir), { recursive: true }, changed)
  return () => {
    clearTimeout(timer)
    watcher.close()
  }
}
