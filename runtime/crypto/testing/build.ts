/** Builds the kernels of this folder from their sources. `node runtime/crypto/testing/build.ts` writes each `wasm.ts`; tests hold those equal to what is built. */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { main } from 'assemblyscript/asc'

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

/** Name of what `wasm.ts` exports, and 64 KiB pages of memory to begin with, by kernel. */
const KERNELS = {
  'ed25519-tables': { constant: 'ED25519_TABLES_WASM', pages: 8 },
  sha256x4: { constant: 'SHA256X4_WASM', pages: 4 },
} as const

/** Bytes of a kernel's module; throws what the compiler says. */
export async function buildKernel(name: keyof typeof KERNELS): Promise<Uint8Array> {
  const source = `${name}.ts`
  const pages = String(KERNELS[name].pages)
  let wasm: Uint8Array | undefined
  const { error, stderr } = await main(
    [source, '--outFile', 'out.wasm', '--runtime', 'stub', '--enable', 'simd', '-O3', '--converge', '--noAssert', '--initialMemory', pages],
    {
      readFile: (asked) => (asked === source ? readFileSync(at(`../${name}/assembly/${source}`), 'utf8') : null),
      writeFile: (written, contents) => {
        if (written === 'out.wasm') wasm = contents as Uint8Array
      },
      listFiles: () => [],
    },
  )
  if (error !== null || wasm === undefined) throw new Error(`${name} cannot be built: ${stderr.toString()}`, { cause: error })
  return wasm
}

if (process.argv[1] === at('./build.ts')) {
  for (const name of Object.keys(KERNELS) as (keyof typeof KERNELS)[]) {
    const text = Buffer.from(await buildKernel(name)).toString('base64')
    writeFileSync(
      at(`../${name}/wasm.ts`),
      `/** Made by runtime/crypto/testing/build.ts of assembly/${name}.ts; a test builds it anew and compares. */\nexport const ${KERNELS[name].constant} =\n  '${text}'\n`,
    )
  }
}
