/** What prepared modules did, written down so that another engine can be held against it. */
import { createHash } from 'node:crypto'
import type { Prepared } from './compare.ts'
import { Subject } from './subject.ts'

export interface Transcript {
  /** By call, each on a fresh instance. Gas, results, log and memory of what completes; of a trap only that it is one. */
  readonly calls: readonly {
    readonly name: string
    readonly params: string
    readonly status: string
    readonly results: string
    readonly gas: string
    readonly log: readonly string[]
    /** sha256 of the memory. */
    readonly memory: string
  }[]
}

export function transcript({ bytes, calls, recorder }: Pick<Prepared, 'bytes' | 'calls' | 'recorder'>): Transcript {
  const compiled = new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>)
  return {
    calls: calls.map((call) => {
      const subject = new Subject(compiled, recorder)
      const { status, results, gas, log } = subject.call(call)
      const done = status === 'ok'
      return {
        ...call,
        status,
        results,
        gas: done ? String(gas) : '',
        log: done ? log : [],
        memory: done ? createHash('sha256').update(subject.memory).digest('hex') : '',
      }
    }),
  }
}
