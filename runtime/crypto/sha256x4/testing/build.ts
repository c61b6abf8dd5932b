/** Builds sha256x4 from its source. `node runtime/crypto/sha256x4/testing/build.ts` writes `wasm.ts`; a test holds it equal to what is built. */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { main } from 'assemblyscript/asc'

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

/** Bytes of the module; throws what the compiler says. */
export async function buildSha256x4(): Promise<Uint8Array> {
  let wasm: Uint8Array | undefined
  const { error, stderr } = await main(
    [
      'sha256x4.ts',
      '--outFile',
      'out.wasm',
      '--runtime',
      'stub',
      '--enable',
      'simd',
      '-O3',
      '--converge',
      '--noAssert',
      '--initialMemory',
      '4',
    ],
    {
      readFile: (name) => (name === 'sha256x4.ts' ? readFileSync(at('../assembly/sha256x4.ts'), 'utf8') : null),
      writeFile: (name, contents) => {
        if (name === 'out.wasm') wasm = contents as Uint8Array
      },
      listFiles: () => [],
    },
  )
  if (error !== null || wasm === undefined) throw new Error(`sha256x4 cannot be built: ${stderr.toString()}`, { cause: error })
  return wasm
}

if (process.argv[1] === at('./build.ts')) {
  const text = Buffer.from(await buildSha256x4()).toString('base64')
  writeFileSync(
    at('../wasm.ts'),
    `/** Made by testing/build.ts of assembly/sha256x4.ts; a test builds it anew and compares. */\nexport const SHA256X4_WASM =\n  '${text}'\n`,
  )
}
