/** For tests of traps: the core module of a contract under a few lines of glue. (After a trap jco's glue leaves rejected promises behind.) */

import type { SimulatedChain } from './guests.ts'

/** The first core module of a component: its sections of id 1. */
export function coreModule(component: Uint8Array): Uint8Array<ArrayBuffer> {
  let at = 8
  const leb = (): number => {
    let value = 0
    for (let shift = 0; ; shift += 7) {
      const byte = component[at++] ?? 0
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return value
    }
  }
  while (at < component.length) {
    const id = component[at++]
    const size = leb()
    if (id === 1) return component.slice(at, at + size)
    at += size
  }
  throw new Error('the component has no core module')
}

export interface CoreGuest {
  /** Calls an export; strings are passed as UTF-16. */
  call(name: string, ...args: readonly (string | bigint)[]): unknown
}

export async function instantiateCore(component: Uint8Array, chain: SimulatedChain): Promise<CoreGuest> {
  let memory = new WebAssembly.Memory({ initial: 0 })
  let realloc: (old: number, oldSize: number, align: number, size: number) => number = () => 0
  const text = (p: number, n: number): string => Buffer.from(memory.buffer, p, n * 2).toString('utf16le')
  const bytes = (p: number, n: number): Uint8Array => new Uint8Array(memory.buffer.slice(p, p + n))
  const put = (data: Uint8Array, align: number, length: number): [number, number] => {
    const p = realloc(0, 0, align, data.length)
    new Uint8Array(memory.buffer).set(data, p)
    return [p, length]
  }
  const putText = (s: string): [number, number] => put(Buffer.from(s, 'utf16le'), 2, s.length)
  const answer = (area: number, words: readonly number[]): void => new Uint32Array(memory.buffer, area, words.length).set(words)
  const host = chain.imports as unknown as Record<string, Record<string, (...args: unknown[]) => Uint8Array | undefined>>
  const module = await WebAssembly.compile(coreModule(component))
  const instance = await WebAssembly.instantiate(module, {
    'utnet:host/storage@0.1.0': {
      get: (p: number, n: number, area: number) => {
        const value = host['utnet:host/storage']?.['get']?.(bytes(p, n))
        answer(area, value === undefined ? [0, 0, 0] : [1, ...put(value, 1, value.length)])
      },
      set: (kp: number, kn: number, vp: number, vn: number) => host['utnet:host/storage']?.['set']?.(bytes(kp, kn), bytes(vp, vn)),
    },
    'utnet:host/context@0.1.0': {
      caller: (area: number) => answer(area, putText(chain.caller)),
      revert: (p: number, n: number) => host['utnet:host/context']?.['revert']?.(text(p, n)),
    },
    'utnet:host/events@0.1.0': {
      emit: (np: number, nn: number, dp: number, dn: number) => host['utnet:host/events']?.['emit']?.(text(np, nn), bytes(dp, dn)),
    },
  })
  const exports = instance.exports as unknown as Record<string, (...args: unknown[]) => unknown>
  memory = instance.exports['memory'] as WebAssembly.Memory
  realloc = exports['cabi_realloc'] as typeof realloc
  return {
    call: (name, ...args) => exports[name]?.(...args.flatMap((a): (number | bigint)[] => (typeof a === 'string' ? putText(a) : [a]))),
  }
}
