/** A core module with its memory, its exports and the import `infer`. */

import { inferImport } from './models.ts'
import type { Call, Caller, Inference } from './models.ts'

export class Instance implements Caller {
  readonly inferences: Inference[] = []
  refusal: string | undefined
  protected exports: Record<string, Call> = {}
  private wasmMemory = new WebAssembly.Memory({ initial: 0 })

  protected start(module: WebAssembly.Module, imports: WebAssembly.Imports): void {
    const { exports } = new WebAssembly.Instance(module, { ...imports, 'utnet:host/tensor@0.1.0': { infer: inferImport(this) } })
    this.exports = exports as Record<string, Call>
    this.wasmMemory = exports['memory'] as WebAssembly.Memory
  }

  get buffer(): ArrayBuffer {
    return this.wasmMemory.buffer
  }

  get memory(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.buffer)
  }

  get view(): DataView {
    return new DataView(this.buffer)
  }

  call(name: string, ...args: number[]): number {
    const target = this.exports[name]
    if (target === undefined) throw new Error(`no export ${name}`)
    return target(...args)
  }

  realloc(align: number, size: number): number {
    return this.call('cabi_realloc', 0, 0, align, size)
  }
}
