/** Builds ed25519-tables from its source. `node runtime/crypto/ed25519-tables/testing/build.ts` writes `wasm.ts`; a test holds it equal to what is built. */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { main } from 'assemblyscript/asc'

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

/** Bytes of the module; throws what the compiler says. */
export async function buildEd25519Tables(): Promise<Uint8Array> {
  let wasm: Uint8Array | undefined
  const { error, stderr } = await main(
    [
      'ed25519-tables.ts',
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
      '8',
    ],
    {
      readFile: (name) => (name === 'ed25519-tables.ts' ? readFileSync(at('../assembly/ed25519-tables.ts'), 'utf8') : null),
      writeFile: (name, contents) => {
        if (name === 'out.wasm') wasm = contents as Uint8Array
      },
      listFiles: () => [],
    },
  )
  if (error !== null || wasm === undefined) throw new Error(`ed25519-tables cannot be built: ${stderr.toString()}`, { cause: error })
  return wasm
}

if (process.argv[1] === at('./build.ts')) {
  const text = Buffer.from(await buildEd25519Tables()).toString('base64')
  writeFileSync(
    at('../wasm.ts'),
    `/** Made by testing/build.ts of assembly/ed25519-tables.ts; a test builds it anew and compares. */\nexport const ED25519_TABLES_WASM =\n  '${text}'\n`,
  )
}
