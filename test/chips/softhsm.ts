/** A token of softhsm2 in a folder of its own. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Pkcs11Options } from '../../runtime/chips/index.ts'
import { softhsmLibrary } from './installed.ts'

export interface Softhsm {
  readonly options: Pkcs11Options
  stop(): void
}

/** The library reads its folder out of the environment when it is initialised: all tokens of a process lie in one. */
export function startSofthsm(): Softhsm {
  const folder = mkdtempSync(join(tmpdir(), 'utnet-softhsm-'))
  const tokens = join(folder, 'tokens')
  mkdirSync(tokens)
  const conf = join(folder, 'softhsm2.conf')
  writeFileSync(conf, `directories.tokendir = ${tokens}\nobjectstore.backend = file\nlog.level = ERROR\n`)
  process.env['SOFTHSM2_CONF'] = conf
  const pin = '5678'
  execFileSync('softhsm2-util', ['--init-token', '--free', '--label', 'chips', '--so-pin', '1234', '--pin', pin], { stdio: 'ignore' })
  return {
    options: { library: softhsmLibrary() as string, token: 'chips', pin },
    stop: () => rmSync(folder, { recursive: true, force: true }),
  }
}
