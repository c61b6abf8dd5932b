/** `utnet/verify` as one small file: what a stranger's browser loads is worth more care than the rest of `dist/`. */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, type Plugin } from 'esbuild'
import { minify } from 'terser'

const BEGIN = 'const isogenyMapG1 = isogenyMap('
const END = '.map((i) => i.map((j) => BigInt(j))));'

/**
 * Signatures are in G2 here, so nothing is ever hashed to G1; but the map's coefficients are four kilobytes that no tool can see to be unused. Without them hashing to
 * G1 throws. Fails where the package no longer has them as they were.
 */
const withoutHashToG1: Plugin = {
  name: 'without-hash-to-g1',
  setup({ onLoad }) {
    onLoad({ filter: /@noble[/\\]curves[/\\]bls12-381\.js$/ }, ({ path }) => {
      const text = readFileSync(path, 'utf8')
      const from = text.indexOf(BEGIN)
      const to = text.indexOf(END, from)
      if (from < 0 || to < 0) throw new Error(`${path}: the map to G1 is not where it was`)
      return { contents: `${text.slice(0, from)}const isogenyMapG1 = undefined;${text.slice(to + END.length)}`, loader: 'js' }
    })
  },
}

/** Our modules do nothing when they are loaded, so one of which nothing is used is left out with all its tables. */
const withoutUnused: Plugin = {
  name: 'without-unused',
  setup({ onResolve }) {
    onResolve({ filter: /^\.{1,2}\/.*\.ts$/ }, ({ path, resolveDir }) => ({ path: resolve(resolveDir, path), sideEffects: false }))
  },
}

/** The file as text: a module, or a script that makes a global `verify`. */
export async function verifyFile(format: 'esm' | 'iife', entry = 'runtime/verify/index.ts'): Promise<string> {
  const { outputFiles } = await build({
    absWorkingDir: fileURLToPath(new URL('..', import.meta.url)),
    entryPoints: [entry],
    bundle: true,
    minify: true,
    write: false,
    legalComments: 'none',
    logLevel: 'warning',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    target: ['es2023', 'node20.19'],
    format,
    globalName: 'verify',
    plugins: [withoutHashToG1, withoutUnused],
  })
  const { code } = await minify(outputFiles[0]?.text ?? '', {
    module: format === 'esm',
    ecma: 2020,
    compress: { passes: 3 },
    // the one name that a script gives to its page
    mangle: { reserved: ['verify'] },
  })
  return code ?? ''
}
