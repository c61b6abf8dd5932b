/** Components of the test guests: built once for all test files, under a name made of everything that they are built from. */
import { createHash, randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildGuest } from '../../../runtime/node/index.ts'

const root = fileURLToPath(new URL('../../../', import.meta.url))

const FOLDERS = {
  probe: 'test/e2e/guests/probe',
  ledger: 'test/e2e/guests/ledger',
  token: 'guest/contracts/token',
  matmul: 'guest/operators/matmul',
  'read-text': 'guest/functions/read-text',
} as const

export type TestGuest = keyof typeof FOLDERS

/** What a component is made of, its own folder aside. */
const TOOLCHAIN = ['guest/sdk', 'guest/wit', 'runtime/host/build', 'package-lock.json']

function hashOf(paths: readonly string[]): string {
  const hash = createHash('sha256')
  for (const path of paths) {
    const full = join(root, path)
    const files = readdirSync(dirname(full), { withFileTypes: true })
      .find((e) => e.name === path.split('/').at(-1))
      ?.isFile()
      ? [full]
      : readdirSync(full, { recursive: true, withFileTypes: true })
          .filter((e) => e.isFile())
          .map((e) => join(e.parentPath, e.name))
          .sort()
    for (const file of files) hash.update(file).update('\0').update(readFileSync(file)).update('\0')
  }
  return hash.digest('hex').slice(0, 24)
}

/** The component of a test guest. */
export async function component(guest: TestGuest): Promise<Uint8Array> {
  const folder = join(tmpdir(), 'utnet-e2e-guests')
  const file = join(folder, `${guest}-${hashOf([FOLDERS[guest], ...TOOLCHAIN])}.wasm`)
  if (existsSync(file)) return Uint8Array.from(readFileSync(file))
  const { component: bytes } = await buildGuest({ dir: join(root, FOLDERS[guest]) })
  mkdirSync(folder, { recursive: true })
  const temporary = `${file}.${randomBytes(6).toString('hex')}`
  writeFileSync(temporary, bytes)
  renameSync(temporary, file)
  return bytes
}
