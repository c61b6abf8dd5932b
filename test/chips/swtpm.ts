/** A software TPM in a folder of its own, whose maker is a local authority. */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'

export interface Swtpm {
  readonly tcti: string
  /** Folder with the certificates of the maker's authority. */
  readonly roots: string
  stop(): Promise<void>
}

/** A maker of software TPMs. */
export function swtpmMaker(): { readonly folder: string; readonly roots: string; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'utnet-swtpm-'))
  const roots = join(folder, 'ca')
  mkdirSync(roots)
  const conf = (name: string, lines: readonly string[]): void => writeFileSync(join(folder, name), `${lines.join('\n')}\n`)
  conf('localca.conf', [
    `statedir = ${roots}`,
    `signingkey = ${roots}/signkey.pem`,
    `issuercert = ${roots}/issuercert.pem`,
    `certserial = ${roots}/certserial`,
  ])
  conf('localca.options', ['--platform-manufacturer utnet', '--platform-version 1', '--platform-model test'])
  conf('setup.conf', [
    'create_certs_tool = /usr/bin/swtpm_localca',
    `create_certs_tool_config = ${folder}/localca.conf`,
    `create_certs_tool_options = ${folder}/localca.options`,
  ])
  return { folder, roots, remove: () => rmSync(folder, { recursive: true, force: true }) }
}

let machines = 0

/** Makes and starts a TPM of a maker: another one each time. */
export async function startSwtpm(maker: { readonly folder: string; readonly roots: string }): Promise<Swtpm> {
  const name = `tpm-${machines++}`
  const state = join(maker.folder, name)
  const socket = join(maker.folder, `${name}.sock`)
  mkdirSync(state)
  const setup = ['--tpm2', '--tpmstate', state, '--create-ek-cert', '--config', join(maker.folder, 'setup.conf'), '--pcr-banks', 'sha256']
  execFileSync('swtpm_setup', setup, { stdio: 'ignore' })
  const at = ['--server', `type=unixio,path=${socket}`, '--ctrl', `type=unixio,path=${socket}.ctrl`]
  const child = spawn('swtpm', ['socket', '--tpm2', '--tpmstate', `dir=${state}`, ...at, '--flags', 'not-need-init,startup-clear'], {
    stdio: 'ignore',
  })
  const ended = once(child, 'exit')
  // A test that failed before it could stop it leaves nothing running.
  process.once('exit', () => child.kill())
  while (!existsSync(socket) || !existsSync(`${socket}.ctrl`)) {
    if (child.exitCode !== null) throw new Error(`swtpm ended with ${child.exitCode}`)
    await setTimeout(10)
  }
  return {
    tcti: `swtpm:path=${socket}`,
    roots: maker.roots,
    async stop() {
      child.kill()
      await ended
    },
  }
}
