/** Where the files that travel beside the code are: the same place in a checkout and in the published package. */
import { fileURLToPath } from 'node:url'

/** Folder of the project templates. */
export function templateFolder(): string {
  return fileURLToPath(new URL('./templates', import.meta.url))
}

/** URL of the module that lets a project's tests import `utnet/testing` from the utnet that runs them. */
export function testResolver(): string {
  const source = import.meta.url.endsWith('.ts')
  return new URL(source ? './test-resolver.ts' : './test-resolver.js', import.meta.url).href
}
