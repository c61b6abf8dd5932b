/** `utnet build`: a folder of AssemblyScript -> a component. */

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { UtnetError } from '../../core/errors.ts'
import { checkImports } from './check-imports.ts'
import {
  compileProgram,
  inspectProgram,
  type CompileOptions,
  type ReadSource,
  makeComponent,
  buildJavascript,
  renameExports,
  componentSourceMap,
} from './compile/index.ts'
import { addContractBodies, addDataCodecs, addEventEncoders, defineEvents, checkHandler, readSignatures } from './author/index.ts'
import { contractEntry, functionEntry, guestWit, operatorEntry, type GeneratedEntry, loadGuestWit } from './generate/index.ts'
import type { GuestType, GuestSignatures } from './types/index.ts'
import { readManifest, type GuestManifest, type GuestWorld, sdkLocation, type SdkLocation } from './project/index.ts'

/** What was built. Nothing is written. */
export interface BuiltGuest {
  readonly component: Uint8Array
  readonly world: GuestWorld
  readonly name: string
  /** The guest's own world as WIT text, without the packages it refers to. */
  readonly wit: string
  /** Source map of the component (version 3; columns are byte offsets in it), where it was compiled from AssemblyScript. */
  readonly sourceMap?: string
}

/** What is built. */
export interface BuildOptions {
  /** Folder with `utnet.jsonc`. */
  readonly dir: string
  /** Folder that holds `sdk/` and `wit/`, where they do not lie in this package's place. */
  readonly guestDir?: string
}

const SDK = '@utnet/sdk'
const ENTRY = 'utnet-entry'

async function readOptional(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR' || error.code === 'EISDIR'))
      return undefined
    throw error
  }
}

/** The author's files from `dir`, `@utnet/sdk/...` from the SDK; nothing else, so that a build depends on nothing else. */
function sourceReader(dir: string, location: SdkLocation): ReadSource {
  return async (path) => {
    const sdk = path === SDK || path.startsWith(`${SDK}/`)
    const root = sdk ? location.sdkDir : dir
    const inner = sdk ? path.slice(SDK.length + 1) : path
    if (inner.split('/').includes('..')) return undefined
    for (const candidate of inner === '' ? ['index.ts'] : [`${inner}.ts`, `${inner}/index.ts`]) {
      const text = await readOptional(join(root, candidate))
      if (text !== undefined) return { text, path: sdk ? `${SDK}/${candidate}` : candidate }
    }
    return undefined
  }
}

/** What the world wants of the exports. */
function checkShape(manifest: GuestManifest, signatures: GuestSignatures): void {
  if (manifest.world === 'contract' && signatures.exports.length === 0)
    throw new UtnetError('guest_build', `${manifest.entry} exports no function`)
  if (manifest.world !== 'operator') return
  const run = signatures.exports.find((e) => e.name === 'run')
  const isTensors = (type: GuestType | undefined): boolean =>
    type?.kind === 'list' &&
    type.element.kind === 'record' &&
    signatures.classes.some((c) => c.name === 'Tensor' && c.from === `${SDK}/tensor-value`)
  if (run === undefined || run.params.length !== 1 || !isTensors(run.params[0]?.type) || !isTensors(run.result?.type)) {
    throw new UtnetError('guest_build', `${manifest.entry} must have export function run(inputs: Array<Tensor>): Array<Tensor>`)
  }
}

function generateEntry({ world, core }: GuestManifest, signatures: GuestSignatures, author: string): GeneratedEntry {
  if (world === 'contract') return contractEntry(signatures, author)
  return world === 'operator' ? operatorEntry(signatures, author, core) : functionEntry(author)
}

/** What the build adds to the author's classes. */
function completeClasses(...program: Parameters<NonNullable<CompileOptions['afterParse']>>): void {
  defineEvents(...program)
  addContractBodies(...program)
  addDataCodecs(...program)
  addEventEncoders(...program)
}

const WORLD_ABORT = { contract: 'revertAbort', function: 'trapAbort', operator: 'trapAbort' } as const

/** The world's name in WIT: the guest's where that is a WIT name. */
function worldName(name: string): string {
  return /^[a-z][a-z0-9]*(?:-[a-z][a-z0-9]*)*$/.test(name) ? name : 'guest'
}

async function javascriptGuest(dir: string, { name, world, entry }: GuestManifest, { witDir }: SdkLocation): Promise<BuiltGuest> {
  const packages = (await loadGuestWit(witDir)).nestedText()
  const component = await buildJavascript(dir, entry, packages)
  return { component, world, name, wit: 'world app { include wasi:http/proxy@0.2.3; }' }
}

/**
 * Builds the guest in `dir`. The same sources give the same bytes.
 * Throws `guest_build`; for an error of the author with `details.diagnostics: {file, line, column, message}[]`.
 */
export async function buildGuest(options: BuildOptions): Promise<BuiltGuest> {
  const location = sdkLocation(options.guestDir)
  const manifest = await readManifest(options.dir)
  if (manifest.entry.endsWith('.js')) return javascriptGuest(options.dir, manifest, location)
  const readSource = sourceReader(options.dir, location)
  const author = manifest.entry.replace(/\.ts$/, '')
  if ((await readSource(author)) === undefined) throw new UtnetError('guest_build', `${join(options.dir, manifest.entry)} was not found`)
  const base = {
    readSource,
    runtime: manifest.world === 'function' ? 'minimal' : 'stub',
    abort: `~lib/${SDK}/raw/abort/${WORLD_ABORT[manifest.world]}`,
    memoryPages: manifest.memoryPages,
    initialMemoryPages: manifest.initialMemoryPages,
  } as const
  const probe: CompileOptions = {
    ...base,
    afterParse: defineEvents,
    entry: { path: ENTRY, text: `import './${author}'\nimport '${SDK}/raw/abort'\n` },
  }
  const signatures = await inspectProgram(probe, (compiler, program): GuestSignatures => {
    if (manifest.world !== 'function') return readSignatures(compiler, program, author)
    checkHandler(compiler, program, author)
    return { exports: [], classes: [] }
  })
  checkShape(manifest, signatures)
  const entry = generateEntry(manifest, signatures, `./${author}`)
  const { core, sourceMap } = await compileProgram({ ...base, entry: { path: ENTRY, text: entry.text }, afterParse: completeClasses })
  const world = worldName(manifest.name)
  const wit = guestWit(manifest.name, world, manifest.world, signatures)
  const packages = await loadGuestWit(location.witDir)
  checkImports(core, packages, manifest.world)
  const component = await makeComponent(renameExports(core, entry.renames), `${wit}\n${packages.nestedText()}`, world)
  return { component, world: manifest.world, name: manifest.name, wit, sourceMap: componentSourceMap(sourceMap, core, component) }
}
