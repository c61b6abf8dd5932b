/** Requests for a verdict, as files that an operator can hand on. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { sha256, toHex } from '../../core/index.ts'
import { writeDurably } from '../../kv/files/index.ts'
import type { Finding } from './auditor.ts'

/** Keeps the request that other validators are to be asked with, below the data folder; gives its file. */
export function keepRequest(data: string, { anchor, request }: Finding): string | undefined {
  if (request === undefined) return undefined
  const folder = join(data, 'findings')
  mkdirSync(folder, { recursive: true })
  const path = join(folder, `${anchor}-${toHex(sha256(request)).slice(0, 8)}.verdict`)
  writeDurably(path, request)
  return path
}
