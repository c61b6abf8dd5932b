/**
 * `npm run test:chips`: the security engines outside of this process. Installs softhsm2, swtpm and tpm2-tools where they are missing (Debian, as root) and
 * pkcs11js into a folder beside the other packages, then runs the compliance suite on them.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { pkcs11Missing, tpmMissing } from './installed.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const binding = join(root, 'node_modules/.cache/utnet-chips')
const PACKAGES = ['softhsm2', 'swtpm', 'swtpm-tools', 'tpm2-tools', 'libtss2-tcti-swtpm0']

const say = (text: string): void => void process.stderr.write(`${text}\n`)
const run = (command: string, args: readonly string[], cwd = root): void =>
  void execFileSync(command, [...args], { cwd, stdio: ['ignore', 2, 2] })

function installPackages(): void {
  if (process.getuid?.() !== 0) return say(`not root: install ${PACKAGES.join(' ')} by hand to try all engines`)
  run('apt-get', ['update', '-qq'])
  run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...PACKAGES])
}

/** Compiled against the headers of the Node that runs, which its npm package brings along: nothing is downloaded but the package. */
function installBinding(): void {
  if (existsSync(join(binding, 'node_modules/pkcs11js/build/Release/pkcs11.node'))) return
  mkdirSync(binding, { recursive: true })
  writeFileSync(join(binding, 'package.json'), '{"private":true}\n')
  const headers = join(process.execPath, '../..')
  const nodedir = existsSync(join(headers, 'include/node/node_api.h')) ? [`--nodedir=${headers}`] : []
  run('npm', ['install', '--no-audit', '--no-fund', '--no-save', ...nodedir, 'pkcs11js@2.1.7'], binding)
}

process.env['NODE_PATH'] = [join(binding, 'node_modules'), process.env['NODE_PATH'] ?? ''].filter((path) => path !== '').join(delimiter)
if (tpmMissing() !== undefined || pkcs11Missing()?.startsWith('softhsm2') === true) installPackages()
installBinding()
const { status } = spawnSync(
  process.execPath,
  [join(root, 'node_modules/vitest/vitest.mjs'), 'run', 'test/chips', 'runtime/chips', 'cli/node.test.ts'],
  {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, CHIPS_TEST: '1' },
  },
)
process.exitCode = status ?? 1
