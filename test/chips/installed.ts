/** What of the hardware-like engines this machine has. */
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'

const LIBRARIES = [
  '/usr/lib/softhsm/libsofthsm2.so',
  '/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so',
  '/usr/lib64/pkcs11/libsofthsm2.so',
]

const has = (command: string): boolean => {
  try {
    execFileSync('which', [command], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

function hasBinding(): boolean {
  try {
    createRequire(import.meta.url)('pkcs11js')
    return true
  } catch {
    return false
  }
}

/** Library of softhsm2; undefined where it is missing. */
export const softhsmLibrary = (): string | undefined => LIBRARIES.find((path) => existsSync(path))

/** Why the chips of PKCS#11 tokens cannot be tried here; undefined where they can. */
export function pkcs11Missing(): string | undefined {
  if (softhsmLibrary() === undefined || !has('softhsm2-util')) return 'softhsm2 is not installed'
  return hasBinding() ? undefined : 'pkcs11js is not installed'
}

/** Why the chips of TPMs cannot be tried here; undefined where they can. */
export function tpmMissing(): string | undefined {
  const lacks = ['swtpm', 'swtpm_setup', 'swtpm_localca', 'tpm2_sign'].find((command) => !has(command))
  return lacks === undefined ? undefined : `${lacks} is not installed`
}
