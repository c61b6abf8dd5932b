/** Test data of others, kept beside the checkout. Only tests import this. */
import { existsSync, readFileSync } from 'node:fs'

/** Parsed JSON of `<repository>/../shared/vectors/<path>`, or undefined where that folder is absent. */
export function readVectors<T>(path: string): T | undefined {
  const url = new URL(`../../../../shared/vectors/${path}`, import.meta.url)
  return existsSync(url) ? (JSON.parse(readFileSync(url, 'utf8')) as T) : undefined
}
