/** Builds the test entry with AssemblyScript and calls its exports; models run in onnxruntime-node. */

import { readFile } from 'node:fs/promises'
import asc from 'assemblyscript/asc'
import { Instance } from './instance.ts'
import { callWaiting } from './models.ts'

const here = new URL('./', import.meta.url)
const sdk = new URL('../../../sdk/assembly/', import.meta.url)

/** Compiles a test entry of this folder to a core module; throws what the compiler says. */
export async function compileGuest(entry = 'harness.ts'): Promise<WebAssembly.Module> {
  const said: string[] = []
  let wasm: Uint8Array<ArrayBuffer> | undefined
  const flags = ['-o', 'out.wasm', '-O3', '--runtime', 'minimal', '--enable', 'simd', '--baseDir', '/guest/testing']
  const result = await asc.main([entry, ...flags], {
    async readFile(name) {
      const path = name.replaceAll('\\', '/')
      const library = path.split('@utnet/sdk/')[1]
      const url = library === undefined ? new URL(path.replace('/guest/testing/', ''), here) : new URL(library, sdk)
      return readFile(url, 'utf8').catch(() => null)
    },
    writeFile(name, data) {
      if (name.endsWith('.wasm') && typeof data !== 'string') wasm = new Uint8Array(data)
    },
    listFiles: () => null,
    stdout: { write: () => undefined },
    stderr: { write: (text: string | Uint8Array) => said.push(String(text)) },
  })
  if (result.error !== null || wasm === undefined) throw new Error(said.join(''))
  return WebAssembly.compile(wasm)
}

/** One instance of the test build. */
export class Guest extends Instance {
  constructor(module: WebAssembly.Module) {
    super()
    const abort = (message: number, file: number, line: number): never => {
      throw new Error(`guest aborted: ${this.text(message)} (${this.text(file)}:${line})`)
    }
    this.start(module, { env: { abort } })
  }

  /** A string object of the guest. */
  text(at: number): string {
    if (at === 0) return ''
    return new TextDecoder('utf-16le').decode(this.memory.subarray(at, at + this.view.getUint32(at - 4, true)))
  }

  /** Puts bytes into the guest for the time of `use`. */
  withBytes<T>(bytes: Uint8Array, use: (at: number) => T): T {
    const at = this.call('allocate', bytes.length)
    this.memory.set(bytes, at)
    try {
      return use(at)
    } finally {
      this.call('release', at)
    }
  }

  /** Decodes a PNG: what is wrong with it, or an empty string. */
  decode(png: Uint8Array): string {
    return this.withBytes(png, (at) => this.text(this.call('decode', at, png.length)))
  }

  image(): { width: number; height: number; channels: number; data: Uint8Array } {
    const [width, height, channels] = [this.call('imageWidth'), this.call('imageHeight'), this.call('imageChannels')]
    const at = this.call('imageData')
    return { width, height, channels, data: this.memory.slice(at, at + width * height * channels) }
  }

  f32(at: number, length: number): Float32Array {
    return new Float32Array(this.buffer.slice(at, at + 4 * length))
  }

  /** Reads the text on the decoded image. Needs `canWait`. */
  async read(): Promise<string> {
    return this.text(await callWaiting(this.exports['read']))
  }
}
