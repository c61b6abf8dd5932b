/** wasi:filesystem 0.2 over the mounted files: read-only, without links, times or anything else that is not in the context. */
import type { WitValue } from '../../core/index.ts'
import { LIMITS, PARAMS } from '../../core/index.ts'
import { InputStream } from '../http/index.ts'
import { bind, type Functions, type Handler, type Handlers } from './bind.ts'
import type { DirectoryNode, FileNode, Node } from './files.ts'
import type { WasiRun } from './run.ts'

/** Cases of `error-code`. */
const CODE = {
  badDescriptor: 3,
  exist: 7,
  invalid: 12,
  isDirectory: 14,
  nameTooLong: 18,
  noEntry: 20,
  notDirectory: 24,
  notPermitted: 31,
  readOnly: 33,
} as const
/** Cases of `descriptor-type`. */
const TYPE = { directory: 3, file: 6 } as const
/** Places of `open-flags`. */
const OPEN = { create: 0, directory: 1, exclusive: 2, truncate: 3 } as const
/** Places of `descriptor-flags`. */
const READ = 0
const WRITING: readonly number[] = [1, 5]

const ok = (value: WitValue): WitValue => [0, value]
const fail = (code: number): WitValue => [1, code]
const DONE: WitValue = [0]

interface Listing {
  readonly entries: readonly (readonly [string, Node])[]
  at: number
}

const node = (run: WasiRun, handle: WitValue | undefined): Node => run.handles.get<Node>(handle, 'descriptor')
const typeOf = ({ kind }: Node): number => TYPE[kind]

/** Follows a path, of which each part is paid for; what leads out of the directory is not permitted. */
function at(run: WasiRun, from: Node, path: WitValue | undefined): Node | number {
  if (from.kind !== 'directory') return CODE.notDirectory
  const text = path as string
  if (text.startsWith('/')) return CODE.notPermitted
  if (text.length > LIMITS.pathBytes) return CODE.nameTooLong
  const parts = text.split('/')
  run.meter.charge(parts.length * PARAMS.host.item)
  const above: DirectoryNode[] = []
  let here: Node = from
  for (const part of parts) {
    if (here.kind !== 'directory') return CODE.notDirectory
    if (part === '' || part === '.') continue
    if (part === '..') {
      const up = above.pop()
      if (up === undefined) return CODE.notPermitted
      here = up
      continue
    }
    const next: Node | undefined = here.entries.get(part)
    if (next === undefined) return CODE.noEntry
    above.push(here)
    here = next
  }
  return here
}

const stat = (run: WasiRun, of: Node): WitValue =>
  ok([typeOf(of), 1, of.kind === 'file' ? run.outside.files.read(of, run.meter).length : 0, [], [], []])
/** A hash of identity: files of a run never change. */
const identity = (of: Node): WitValue => ok([of.id, 0])

function found(run: WasiRun, handle: WitValue | undefined, path: WitValue | undefined, then: (found: Node) => WitValue): WitValue {
  const target = at(run, node(run, handle), path)
  return typeof target === 'number' ? fail(target) : then(target)
}

function file(run: WasiRun, handle: WitValue | undefined, then: (file: FileNode) => WitValue): WitValue {
  const it = node(run, handle)
  return it.kind === 'file' ? then(it) : fail(CODE.isDirectory)
}

/** Bytes of a file from an offset on. The guest pays for the part before it is cut out. */
function part(run: WasiRun, of: FileNode, offset: WitValue | undefined, length: number): Uint8Array {
  const bytes = run.outside.files.read(of, run.meter)
  const from = Math.min(Number(offset), bytes.length)
  return bytes.subarray(from, Math.min(bytes.length, from + length))
}

/** Of what is to be made anew: what is there is told before that nothing can be, so that a program that only needs it there goes on (mkdir(2)). */
const make = (target: Node | number): number => (typeof target !== 'number' ? CODE.exist : target === CODE.noEntry ? CODE.readOnly : target)

/** Every other way to change something. */
const readOnly: Handler = (run, [handle]) => {
  node(run, handle)
  return fail(CODE.readOnly)
}

const DESCRIPTOR: Handlers = {
  '[method]descriptor.read-via-stream': (run, [d, offset]) =>
    file(run, d, (of) => ok(run.handles.add('input-stream', new InputStream(part(run, of, offset, Number.MAX_SAFE_INTEGER))))),
  '[method]descriptor.write-via-stream': readOnly,
  '[method]descriptor.append-via-stream': readOnly,
  '[method]descriptor.advise': (run, [d]) => file(run, d, () => DONE),
  '[method]descriptor.sync-data': (run, [d]) => (node(run, d), DONE),
  '[method]descriptor.sync': (run, [d]) => (node(run, d), DONE),
  '[method]descriptor.get-flags': (run, [d]) => (node(run, d), ok([READ])),
  '[method]descriptor.get-type': (run, [d]) => ok(typeOf(node(run, d))),
  '[method]descriptor.set-size': readOnly,
  '[method]descriptor.set-times': readOnly,
  '[method]descriptor.read': (run, [d, length, offset]) =>
    file(run, d, (of) => {
      const bytes = part(run, of, offset, Number(length))
      return ok([bytes, Number(offset) + bytes.length >= of.size])
    }),
  '[method]descriptor.write': readOnly,
  '[method]descriptor.read-directory': (run, [d]) => {
    const it = node(run, d)
    if (it.kind !== 'directory') return fail(CODE.notDirectory)
    run.meter.charge(it.entries.size * PARAMS.host.byteIn)
    return ok(run.handles.add('directory-entry-stream', { entries: [...it.entries], at: 0 } satisfies Listing))
  },
  '[method]descriptor.create-directory-at': (run, [d, path]) => fail(make(at(run, node(run, d), path))),
  '[method]descriptor.stat': (run, [d]) => stat(run, node(run, d)),
  '[method]descriptor.stat-at': (run, [d, , path]) => found(run, d, path, (target) => stat(run, target)),
  '[method]descriptor.set-times-at': readOnly,
  '[method]descriptor.link-at': readOnly,
  '[method]descriptor.open-at': (run, [d, , path, open, flags]) => {
    const asked = open as readonly number[]
    const target = at(run, node(run, d), path)
    if (asked.includes(OPEN.create) && (typeof target === 'number' || asked.includes(OPEN.exclusive))) return fail(make(target))
    if (typeof target === 'number') return fail(target)
    if (asked.includes(OPEN.truncate) || (flags as readonly number[]).some((f) => WRITING.includes(f))) return fail(CODE.readOnly)
    if (asked.includes(OPEN.directory) && target.kind !== 'directory') return fail(CODE.notDirectory)
    return ok(run.handles.add('descriptor', target))
  },
  '[method]descriptor.readlink-at': (run, [d, path]) => found(run, d, path, () => fail(CODE.invalid)),
  '[method]descriptor.remove-directory-at': readOnly,
  '[method]descriptor.rename-at': readOnly,
  '[method]descriptor.symlink-at': readOnly,
  '[method]descriptor.unlink-file-at': readOnly,
  '[method]descriptor.is-same-object': (run, [d, other]) => node(run, d).id === node(run, other).id,
  '[method]descriptor.metadata-hash': (run, [d]) => identity(node(run, d)),
  '[method]descriptor.metadata-hash-at': (run, [d, , path]) => found(run, d, path, identity),
  '[method]directory-entry-stream.read-directory-entry': (run, [s]) => {
    const listing = run.handles.get<Listing>(s, 'directory-entry-stream')
    const entry = listing.entries[listing.at++]
    return ok(entry === undefined ? [] : [[typeOf(entry[1]), entry[0]]])
  },
  'filesystem-error-code': (run, [e]) => {
    run.handles.get(e, 'error')
    return []
  },
}

/** One preopened directory, `/`, where anything is mounted. */
const PREOPENS: Handlers = {
  'get-directories': (run) => {
    const { root } = run.outside.files
    return root.entries.size === 0 ? [] : [[run.handles.add('descriptor', root), '/']]
  },
}

export const filesystem = (): Readonly<Record<string, Functions>> => ({
  'wasi:filesystem/types': bind('wasi:filesystem/types@0.2.3', DESCRIPTOR),
  'wasi:filesystem/preopens': bind('wasi:filesystem/preopens@0.2.3', PREOPENS),
})
