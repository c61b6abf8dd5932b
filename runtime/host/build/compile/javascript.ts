/** A function written in JavaScript: componentize-js puts it and its engine into one component. The author's project brings componentize-js. */
import { readFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { UtnetError } from '../../../core/errors.ts'

type Componentize = (
  source: string,
  options: { readonly witWorld: string; readonly worldName: string },
) => Promise<{ readonly component: Uint8Array }>

const PACKAGE = '@bytecodealliance/componentize-js'
/** The last whose engine speaks wasi:http 0.2.3; jco brings it under the second name. */
const NAMES = [PACKAGE, `${PACKAGE}-0-19-3`]
const SERIES = '0.19.'

interface Package {
  readonly version?: unknown
  readonly exports?: { readonly import?: unknown }
}

/** The package in a `node_modules` of a folder or of one above it: its exports name no file that `require` may resolve. */
async function find(dir: string): Promise<Componentize> {
  for (const start of [resolve(dir), dirname(fileURLToPath(import.meta.url))]) {
    for (let at = start; ; at = dirname(at)) {
      for (const name of NAMES) {
        const folder = join(at, 'node_modules', name)
        const text = await readFile(join(folder, 'package.json'), 'utf8').catch(() => undefined)
        if (text === undefined) continue
        const { version, exports } = JSON.parse(text) as Package
        if (typeof version !== 'string' || !version.startsWith(SERIES) || typeof exports?.import !== 'string') continue
        return ((await import(pathToFileURL(join(folder, exports.import)).href)) as { componentize: Componentize }).componentize
      }
      if (dirname(at) === at) break
    }
  }
  throw new UtnetError('guest_build', `a function in JavaScript needs ${PACKAGE} ${SERIES}x`, { hint: `npm install in ${dir}` })
}

/** `wit` is WASI as nested packages. Throws `guest_build`. */
export async function buildJavascript(dir: string, entry: string, wit: string): Promise<Uint8Array> {
  const componentize = await find(dir)
  const source = await readFile(join(dir, entry), 'utf8').catch((cause: unknown) => {
    throw new UtnetError('guest_build', `${join(dir, entry)} was not found`, { cause })
  })
  const witWorld = `package local:app;\nworld app { include wasi:http/proxy@0.2.3; }\n${wit}`
  try {
    return new Uint8Array((await componentize(source, { witWorld, worldName: 'app' })).component)
  } catch (cause) {
    throw new UtnetError('guest_build', `${entry} cannot be made a component: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    })
  }
}
