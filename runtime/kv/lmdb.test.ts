import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'

const root = mkdtempSync(join(tmpdir(), 'utnet-lmdb-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

/** Fills a store until its file may grow no more, as on a full disk; prints what is thrown then and behind it. */
const SCRIPT = `
import { openLmdb } from ${JSON.stringify(new URL('./index.ts', import.meta.url).href)}
const kv = await openLmdb(process.argv[1])
const put = (n) => kv.commit([[Uint8Array.of(1, n >> 8, n & 255), new Uint8Array(1000)]])
try { for (let n = 0; n < 2000; n++) await put(n) } catch (e) { console.log(e.code, e.message) }
try { await put(0) } catch (e) { console.log(e.code, e.message) }
await kv.close()`

test.skipIf(process.platform === 'win32')('a disk that takes no more: one code, from then on', () => {
  // Files of at most 400 blocks of 512 bytes; without the trap the signal of a write beyond ends the process.
  const { stdout, status } = spawnSync(
    'sh',
    ['-c', `trap '' XFSZ; ulimit -f 400; exec "$0" --input-type=module -e "$1" "$2"`, process.execPath, SCRIPT, join(root, 'kv')],
    { encoding: 'utf8', timeout: 60_000 },
  )
  const said = `disk_failed store ${join(root, 'kv')} failed: the disk did not take a commit\n`
  expect({ stdout, status }).toEqual({ stdout: said + said, status: 0 })
})
