/**
 * `node packaging/build.ts [FOLDER]` makes `dist/` (or FOLDER): what `npm pack` publishes. Pure JavaScript is bundled, so that an installation holds only what cannot be: native modules and Node itself.
 * Beside the code lie the files it reads: guest SDK and WIT, project templates, the wasm of the compiler's tools and of onnxruntime-web.
 */
import { spawnSync } from 'node:child_process'
import { chmodSync, cpSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, type BuildOptions, type Plugin } from 'esbuild'
import { includeMultiformats, keepReachable } from './declarations.ts'
import { buildExact, EXACT_WASM } from './exact-wasm.ts'
import { verifyFile } from './verify-file.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const dist = resolve(process.argv[2] ?? `${root}dist`)

/** Native or platform-dependent: installed by npm, not bundled. */
const EXTERNAL = ['lmdb', '@chainsafe/blst', 'onnxruntime-node']

// Packages in CommonJS ask for Node's own modules with `require`, which a module does not have.
const BANNER = `import { createRequire as utnetCreateRequire } from 'node:module'; const require = utnetCreateRequire(import.meta.url);`

const common: BuildOptions = {
  absWorkingDir: root,
  bundle: true,
  format: 'esm',
  logLevel: 'warning',
  legalComments: 'none',
  minifySyntax: true,
  minifyWhitespace: true,
  outdir: dist,
}

/** Packages whose form for Node cannot be bundled, in the one that can. */
const portable: Plugin = {
  name: 'portable',
  setup({ onResolve, onLoad }) {
    // WASI for the component tools starts threads on Node; in its browser form it is plain code, and the tools touch no file.
    onResolve({ filter: /^@bytecodealliance\/preview2-shim\// }, ({ path }) => ({
      path: `${root}node_modules/@bytecodealliance/preview2-shim/lib/browser/${path.slice('@bytecodealliance/preview2-shim/'.length)}.js`,
    }))
    // Its UMD hides the files it consists of.
    onResolve({ filter: /^jsonc-parser$/ }, () => ({ path: `${root}node_modules/jsonc-parser/lib/esm/main.js` }))
    // Of Helia only what works without a network is used (helia-store/engine.ts). Its network loads native modules, which the package does not bring, as soon as it is loaded itself.
    onResolve({ filter: /^@helia\/(bitswap|http|libp2p)$/ }, ({ path, importer }) =>
      importer.startsWith(`${root}node_modules/helia/`) ? { path, namespace: 'no-network' } : undefined,
    )
    onLoad({ filter: /.*/, namespace: 'no-network' }, () => ({
      contents: ['withBitswap', 'withHTTP', 'withLibp2p']
        .map((name) => `export function ${name}() { throw new Error('utnet carries no network of Helia') }`)
        .join('\n'),
    }))
  },
}

rmSync(dist, { recursive: true, force: true })
mkdirSync(dist, { recursive: true })

// What strangers and other programs import stands alone: pure, any Node >= 20.19 or browser.
await build({
  ...common,
  platform: 'neutral',
  mainFields: ['module', 'main'],
  target: ['es2023', 'node20.19'],
  minify: true,
  entryPoints: { client: 'gateway/client/index.ts' },
})
writeFileSync(`${dist}/verify.js`, await verifyFile('esm'))
writeFileSync(`${dist}/light.js`, await verifyFile('esm', 'runtime/verify/light.ts'))
await build({ ...common, platform: 'node', target: 'node20.19', entryPoints: { launch: 'cli/launch.ts' } })
await build({
  ...common,
  platform: 'node',
  target: 'node26',
  splitting: true,
  chunkNames: 'chunk-[hash]',
  external: EXTERNAL,
  banner: { js: BANNER },
  plugins: [portable],
  entryPoints: {
    main: 'cli/main.ts',
    node: 'runtime/node/index.ts',
    testing: 'runtime/node/testing.ts',
    'test-resolver': 'cli/test-resolver.ts',
    'edge-worker': 'runtime/node/edge/edge-worker.ts',
    'sealer-worker': 'runtime/node/edge/sealer-worker.ts',
    'examine-worker': 'runtime/node/auditor/examine-worker.ts',
    'device-worker': 'runtime/tpu-bridge/devices/device-worker.ts',
    'device-process': 'runtime/tpu-bridge/devices/device-process.ts',
    'device-watch': 'runtime/tpu-bridge/devices/device-watch.ts',
    'crew-worker': 'runtime/tpu-bridge/devices/wasm/crew-worker.ts',
    'verify-worker': 'runtime/crypto/verifiers/verify-worker.ts',
    'hash-worker': 'runtime/tpu-bridge/devices/hash-thread/hash-worker.ts',
  },
})

chmodSync(`${dist}/launch.js`, 0o755)
const copies: readonly (readonly [string, string])[] = [
  ['guest/sdk/assembly', 'guest/sdk/assembly'],
  ['guest/wit', 'guest/wit'],
  ['cli/templates', 'templates'],
  ['node_modules/@bytecodealliance/jco/obj/wasm-tools.core.wasm', 'wasm-tools.core.wasm'],
  ['node_modules/@bytecodealliance/jco/obj/wasm-tools.core2.wasm', 'wasm-tools.core2.wasm'],
  ['node_modules/onnxruntime-web/dist/ort-wasm-simd-threaded.wasm', 'ort-wasm-simd-threaded.wasm'],
]
if (existsSync(EXACT_WASM)) cpSync(EXACT_WASM, `${dist}/exact.wasm`)
else writeFileSync(`${dist}/exact.wasm`, await buildExact())
// The tests of the SDK stay behind; those of the templates are part of a new project.
for (const [from, to] of copies)
  cpSync(`${root}${from}`, `${dist}/${to}`, { recursive: true, filter: (path) => to === 'templates' || !path.endsWith('.test.ts') })

const types = spawnSync(
  process.execPath,
  [`${root}node_modules/typescript/bin/tsc`, '-p', `${root}packaging/tsconfig.json`, '--outDir', `${dist}/types`],
  {
    cwd: root,
    stdio: 'inherit',
  },
)
if (types.status !== 0) process.exitCode = 1
includeMultiformats(`${dist}/types`, `${root}node_modules/multiformats/dist/src`)
keepReachable(`${dist}/types`, [
  'runtime/verify/index.d.ts',
  'runtime/verify/light.d.ts',
  'runtime/node/index.d.ts',
  'runtime/node/testing.d.ts',
  'gateway/client/index.d.ts',
])
