/** Run by guests.ts in a process of its own, with `--expose-gc`: prints its figures as JSON. */
import { readFileSync } from 'node:fs'
import { fileCid, fromUtf8, type CID, type FileStore } from '../../runtime/core/index.ts'
import { createHost } from '../../runtime/host/index.ts'
import { built, HELLO } from './guests-built.ts'
import { fnRequest, invokeContext, noFiles } from './inputs.ts'

const GUESTS = 1_000
const WARM = 200
const GAS = 100_000_000n
const collect = (globalThis as { gc?: () => void }).gc
if (collect === undefined) throw new Error('needs --expose-gc')

/** The component with another greeting of the same length in its data: another build, another module. */
function variant(component: Uint8Array, at: number, i: number): Uint8Array {
  const out = component.slice()
  // UTF-16, as the guest holds its strings
  ;[...String(i).padStart(4, '0')].forEach((c, j) => (out[at + 2 * j] = c.charCodeAt(0)))
  return out
}

/** Offset of a text as UTF-16. */
function find(bytes: Uint8Array, text: string): number {
  const at = Buffer.from(bytes).indexOf(Buffer.from(text, 'utf16le'))
  if (at < 0) throw new Error(`the component does not hold ${text}`)
  return at
}

const residentMib = (): number => Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) / 1_024

async function guests(): Promise<Record<string, number>> {
  const component = await built('function', 'hello', HELLO.replace('hello ', 'gst 0000 '))
  const at = find(component, 'gst 0000') + 2 * 'gst '.length
  const files = new Map<string, Uint8Array>()
  const store: FileStore = {
    ...noFiles,
    getFile: async (cid) => files.get(cid.toString()) ?? (await noFiles.getFile(cid)),
  }
  const modules: CID[] = []
  for (let i = 0; i < GUESTS; i++) {
    const bytes = variant(component, at, i)
    const cid = fileCid(bytes)
    files.set(cid.toString(), bytes)
    modules.push(cid)
  }
  // Room for 60 % of them: what was used least recently has to go
  const probe = createHost({ files: store })
  await probe.load(modules[0] as CID)
  const host = createHost({ files: store, maxCachedBytes: Math.ceil(probe.usage().guestBytes * GUESTS * 0.6) })
  const ask = async (i: number): Promise<void> => {
    const { response } = await host.invoke({ module: modules[i] as CID, request: fnRequest, context: invokeContext, gasLimit: GAS })
    const text = fromUtf8(response.body)
    if (text !== `gst ${String(i).padStart(4, '0')} /a`) throw new Error(`guest ${i} answered ${text}`)
  }
  const began = performance.now()
  for (const module of modules) await host.load(module)
  const ms = (performance.now() - began) / GUESTS
  const dropped = GUESTS - host.usage().guests
  if (dropped <= 0) throw new Error('the cache dropped nothing')
  for (let round = 0; round < 20; round++) for (let i = 0; i < WARM; i++) await ask(i)
  const warm = host.usage().idle
  if (warm !== WARM) throw new Error(`${warm} instances are warm, not ${WARM}`)
  // A guest that was dropped is fetched, prepared and right again; those in use stay
  for (let i = WARM; i < GUESTS; i += 97) await ask(i)
  for (let i = 0; i < WARM; i++) await ask(i)
  collect?.()
  return { rss: residentMib(), warm, dropped, ms }
}

async function leak(): Promise<Record<string, number>> {
  const host = createHost({ files: noFiles })
  const { module } = await host.admit(await built('function', 'hello', HELLO))
  const calls = async (n: number): Promise<void> => {
    for (let i = 0; i < n; i++) await host.invoke({ module, request: fnRequest, context: invokeContext, gasLimit: GAS })
  }
  /** All that the process holds and does not let go, in bytes. */
  const held = async (): Promise<number> => {
    for (let i = 0; i < 4; i++) {
      collect?.()
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    const { heapUsed, external, arrayBuffers } = process.memoryUsage()
    return heapUsed + external + arrayBuffers
  }
  await calls(100_000)
  const before = await held()
  const began = performance.now()
  await calls(900_000)
  const us = ((performance.now() - began) * 1_000) / 900_000
  const after = await held()
  if (host.usage().idle !== 1) throw new Error('the calls were not pooled')
  return { perCall: (after - before) / 900_000, us }
}

const kinds = { guests, leak }
const kind = process.argv[2]
if (kind !== 'guests' && kind !== 'leak') throw new Error(`unknown kind ${String(kind)}`)
process.stdout.write(`${JSON.stringify(await kinds[kind]())}\n`)
