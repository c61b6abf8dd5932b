/** Where the files that travel beside the code are: the same place in a checkout and in the published package. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const source = import.meta.url.endsWith('.ts')

/** Folder of the project templates. */
export function templateFolder(): string {
  return fileURLToPath(new URL('./templates', import.meta.url))
}

/** URL of the module that lets a project's tests import `utnet/testing` from the utnet that runs them. */
export function testResolver(): string {
  return new URL(source ? './test-resolver.ts' : './test-resolver.js', import.meta.url).href
}

/** The version of this package. */
export function version(): string {
  return (JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }).version
}
