/** For tests: guests from source text, run by jco as a second host. */

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { transpile } from '@bytecodealliance/jco'
import { buildGuest } from '../index.ts'
import type { BuiltGuest, GuestWorld } from '../index.ts'

/** Runs `use` with a fresh folder that is gone afterwards. */
export async function inTempDir<T>(use: (dir: string) => Promise<T>): Promise<T> {
  const dir = await mkdtemp(join(tmpdir(), 'utnet-build-'))
  try {
    return await use(dir)
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}

/** Builds a guest of these files; `index.ts` is its entry. */
export function buildText(
  world: GuestWorld,
  files: Readonly<Record<string, string>>,
  name = 'guest',
  settings: Readonly<Record<string, number>> = {},
): Promise<BuiltGuest> {
  return inTempDir(async (dir) => {
    await mkdir(join(dir, 'assembly'))
    await writeFile(join(dir, 'utnet.jsonc'), JSON.stringify({ name, world, ...settings }))
    for (const [file, text] of Object.entries(files)) await writeFile(join(dir, 'assembly', file), text)
    return await buildGuest({ dir })
  })
}

export type Exports = Readonly<Record<string, (...args: unknown[]) => unknown>>

interface Transpiled {
  instantiate(getCore: (path: string) => Promise<WebAssembly.Module>, imports: Record<string, Record<string, unknown>>): Promise<Exports>
}

/** Instantiates a component through jco. `imports` is keyed without version: `utnet:host/storage`. */
export function instantiateByJco(component: Uint8Array, imports: Record<string, Record<string, unknown>>): Promise<Exports> {
  return inTempDir(async (dir) => {
    const { files } = await transpile(component, { name: 'guest', instantiation: 'async' })
    for (const [name, bytes] of Object.entries(files as Record<string, Uint8Array>)) {
      await mkdir(dirname(join(dir, name)), { recursive: true })
      await writeFile(join(dir, name), bytes)
    }
    await writeFile(join(dir, 'package.json'), '{"type":"module"}')
    const module = (await import(pathToFileURL(join(dir, 'guest.js')).href)) as Transpiled
    const core = async (path: string): Promise<WebAssembly.Module> =>
      WebAssembly.compile((files as unknown as Record<string, Uint8Array<ArrayBuffer>>)[path] as Uint8Array<ArrayBuffer>)
    return await module.instantiate(core, imports)
  })
}

/** What a revert is for the caller: the host ends the call with the guest's message. */
export class Reverted extends Error {}

export interface SimulatedChain {
  readonly state: Map<string, Uint8Array>
  readonly events: { name: string; data: Uint8Array }[]
  caller: string
  readonly imports: Record<string, Record<string, unknown>>
}

/** The host interfaces of contracts over a map. */
export function simulatedChain(): SimulatedChain {
  const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
  const state = new Map<string, Uint8Array>()
  const chain: SimulatedChain = {
    state,
    events: [],
    caller: 'ut1alice',
    imports: {
      'utnet:host/storage': {
        get: (key: Uint8Array) => state.get(hex(key)),
        set: (key: Uint8Array, value: Uint8Array) => void state.set(hex(key), Uint8Array.from(value)),
        remove: (key: Uint8Array) => void state.delete(hex(key)),
      },
      'utnet:host/context': {
        caller: () => chain.caller,
        signer: () => chain.caller,
        owner: () => 'ut1owner',
        version: () => 1,
        contract: () => 'ut1contract',
        height: () => 7n,
        time: () => 1_700_000_000_000n,
        chainId: () => 'bafychain',
        revert: (message: string) => {
          throw new Reverted(message)
        },
      },
      'utnet:host/events': { emit: (name: string, data: Uint8Array) => void chain.events.push({ name, data: Uint8Array.from(data) }) },
      'utnet:host/crypto': { sha256: () => new Uint8Array(32), verifyEd25519: () => false },
      'utnet:host/contracts': {
        call: () => {
          throw new Error('nothing else is deployed')
        },
      },
    },
  }
  return chain
}
