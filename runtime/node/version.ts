/** The version of this utnet, from its package.json (two folders up in a checkout, one in the published package). */
import { readFileSync } from 'node:fs'

const source = import.meta.url.endsWith('.ts')

export const version: string = (
  JSON.parse(readFileSync(new URL(source ? '../../package.json' : '../package.json', import.meta.url), 'utf8')) as { version: string }
).version
