/** A process that can reach nothing: every function of Node that opens a way out ends it at once. */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import type { Replay } from '../../runtime/node/index.ts'

/** Exit code 99 tells that the process asked for a way out. */
const SEVERED = `import dgram from 'node:dgram'
import dns from 'node:dns'
import http from 'node:http'
import https from 'node:https'
import net from 'node:net'
import tls from 'node:tls'
import { syncBuiltinESMExports } from 'node:module'
const refuse = (what) => () => { process.stderr.write('asked for ' + what + '\\n'); process.exit(99) }
for (const [name, of, keys] of [
  ['net', net, ['connect', 'createConnection', 'createServer']], ['tls', tls, ['connect']], ['dgram', dgram, ['createSocket']],
  ['http', http, ['request', 'get', 'createServer']], ['https', https, ['request', 'get', 'createServer']],
  ['dns', dns, ['lookup', 'resolve', 'resolve4', 'resolve6']], ['dns.promises', dns.promises, ['lookup', 'resolve']],
]) for (const key of keys) of[key] = refuse(name + '.' + key)
net.Socket.prototype.connect = refuse('a socket')
net.Server.prototype.listen = refuse('a port')
globalThis.fetch = refuse('fetch')
globalThis.WebSocket = refuse('WebSocket')
syncBuiltinESMExports()`

/** Runs a module in such a process, with `file` beside it; gives its stdout. */
export async function severed(script: string, file: Uint8Array = new Uint8Array(0)): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'utnet-severed-'))
  try {
    const preload = join(folder, 'severed.mjs')
    const main = join(folder, 'main.mjs')
    writeFileSync(preload, SEVERED)
    writeFileSync(join(folder, 'file'), file)
    writeFileSync(main, script)
    const { stdout } = await promisify(execFile)(process.execPath, ['--import', pathToFileURL(preload).href, main], { maxBuffer: 1 << 26 })
    return stdout
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const REPLAY = `import { readFileSync } from 'node:fs'
import { replayBundle } from ${JSON.stringify(new URL('../../runtime/node/replay/replay.ts', import.meta.url).href)}
console.log(JSON.stringify(await replayBundle(readFileSync(new URL('file', import.meta.url)), { trace: true })))`

/** Replays a bundle there. */
export async function replayOffline(car: Uint8Array): Promise<Replay> {
  return JSON.parse(await severed(REPLAY, car)) as Replay
}
