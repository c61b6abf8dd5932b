import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A file system of so many kilobytes in memory; undefined where this process may not mount one. */
export function smallDisk(kilobytes: number): { readonly path: string; grow(kilobytes: number): void; remove(): void } | undefined {
  const path = join(mkdtempSync(join(tmpdir(), 'utnet-disk-')), 'small')
  mkdirSync(path)
  const mount = (...args: string[]): void => void execFileSync('mount', args, { stdio: 'ignore' })
  try {
    mount('-t', 'tmpfs', '-o', `size=${kilobytes}k`, 'utnet-test', path)
  } catch {
    return undefined
  }
  return {
    path,
    grow: (more) => mount('-o', `remount,size=${more}k`, path),
    remove: () => void execFileSync('umount', [path], { stdio: 'ignore' }),
  }
}
