/** The function under measurement as a bare core module for the peers: the guest's own source, by the same compiler, without metering. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import asc from 'assemblyscript/asc'

const SOURCE = fileURLToPath(new URL('guest/assembly/sha.ts', import.meta.url))

/** The module: exports `memory`, `input`, `output`, `run`. */
export async function kernelModule(): Promise<Uint8Array> {
  let wasm: Uint8Array | undefined
  const { error, stderr } = await asc.main(['sha.ts', '-O3', '--runtime', 'stub', '--outFile', 'sha.wasm'], {
    readFile: (name) => (name === 'sha.ts' ? readFileSync(SOURCE, 'utf8') : null),
    writeFile: (_name, contents) => void (wasm = contents as Uint8Array),
    listFiles: () => [],
  })
  if (error !== null || wasm === undefined) throw new Error(`the kernel does not compile: ${stderr.toString()}`)
  return wasm
}

/** What it must answer, by node:crypto. */
export function expected(input: string): string {
  let bytes: Buffer = Buffer.from(input)
  for (let i = 0; i < 16; i++) bytes = createHash('sha256').update(bytes).digest()
  return bytes.toString('hex')
}
