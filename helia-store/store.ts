/**
 * The store: verified blocks and files over a key-value store. Writing, reading blocks, reading files of our own layout and importing CAR files
 * never load Helia; foreign layouts, directories, paths, CAR export and pins do, at their first use.
 *
 * Nothing is removed by itself: pins only record what must stay when the store is collected one day.
 */
import {
  asCidV1,
  cidOf,
  DAG_CBOR,
  fileBlocks,
  LIMITS,
  limitError,
  readCar,
  readFile,
  UtnetError,
  type Block,
  type BlockStore,
  type CarScope,
  type CID,
  type FileNow,
  type FileStore,
  type IpfsAnswer,
  type Kv,
} from '../runtime/core/index.ts'
import { Blocks, type ScrubReport } from './blocks.ts'
import { startEngine, type Engine, type Entry } from './engine.ts'
import { checkReach } from './links.ts'
import { scrub } from './scrub.ts'

export type { Entry } from './engine.ts'

/** Where blocks lie. */
export interface StoreOptions {
  readonly kv: Kv
  /** The store opens no socket: peers hand blocks in through `putAll` and `importCar`. */
  readonly offline: true
}

/** What a CAR file brought: its roots, and how many blocks were stored. */
export interface ImportReport {
  readonly roots: readonly CID[]
  readonly blocks: number
}

export interface Store extends BlockStore, FileStore {
  readonly fileNow: FileNow
  /** Stores one block under the codec's CID; durable when it resolves. */
  put(codec: number, bytes: Uint8Array): Promise<CID>
  /** The CID that a UnixFS or dag-cbor path below a root names; the root itself for an empty path. Throws `block_not_found`. */
  resolve(root: CID, path: string): Promise<CID>
  /** Entries of a directory. */
  list(cid: CID): Promise<readonly Entry[]>
  /** A CARv1 file of the DAG under a root, or of a part of it (depth-first, each block once); with a path, of what it names, the blocks on the way in front. */
  exportCar(root: CID, path?: string, scope?: CarScope): Promise<Uint8Array>
  /** Takes a CARv1 file: every block is checked and lies under a root before any is stored, and all are stored in one commit. Throws `bundle_invalid`, `block_mismatch` or `core_too_large`. */
  importCar(bytes: Uint8Array): Promise<ImportReport>
  /** What the trustless gateway answers for `/ipfs/{cid}[/path]`: a raw block, a CAR of the DAG or of a part of it, or the file. */
  ipfs(cid: CID, path: string, format: 'raw' | 'car' | 'file', scope?: CarScope): Promise<IpfsAnswer>
  /** Records that the DAG under a root must stay. Pinning twice is pinning once. */
  pin(root: CID): Promise<void>
  unpin(root: CID): Promise<void>
  pins(): Promise<readonly CID[]>
  /** Reads and checks every block. */
  scrub(): Promise<ScrubReport>
  /** Stops Helia when it runs. The key-value store stays open: it is the caller's. */
  close(): Promise<void>
}

/** A path without the slashes around it; throws `core_too_large` on an endless one. */
function trim(path: string): string {
  if (path.length > LIMITS.pathBytes) throw limitError('core_too_large', 'pathBytes', path.length, LIMITS.pathBytes, 'path')
  return path.replace(/^\/+|\/+$/g, '')
}

function contentType(cid: CID, bytes: Uint8Array): string {
  if (cid.code === DAG_CBOR) return 'application/vnd.ipld.dag-cbor'
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    return 'text/plain; charset=utf-8'
  } catch {
    return 'application/octet-stream'
  }
}

/** Opens the store over a key-value store (entries under `block/` and `helia/`). */
export async function openStore(options: StoreOptions): Promise<Store> {
  const { kv } = options
  const blocks = new Blocks(kv)
  let engine: Promise<Engine> | undefined
  const helia = (): Promise<Engine> => {
    if (engine !== undefined) return engine
    const starting = startEngine(blocks, kv)
    // One that did not start is no engine: whoever asks next starts it again, and closing has nothing to stop.
    starting.catch(() => {
      if (engine === starting) engine = undefined
    })
    return (engine = starting)
  }

  const fileNow: FileNow = (cid, maxBytes) => readFile(asCidV1(cid), (part) => blocks.get(part), maxBytes)

  async function getFile(cid: CID, maxBytes: number = LIMITS.carBytes): Promise<Uint8Array> {
    return fileNow(cid, maxBytes) ?? (await helia()).cat(cid, maxBytes)
  }

  async function resolve(root: CID, path: string): Promise<CID> {
    const below = trim(path)
    if (below === '') return asCidV1(root)
    const way = await (await helia()).walk(root, below)
    const end = way.at(-1)
    if (end === undefined) throw new UtnetError('block_not_found', `/ipfs/${root.toString()}/${below} names nothing`)
    return end
  }

  const exportCar = async (root: CID, path = '', scope: CarScope = { dag: 'all' }): Promise<Uint8Array> =>
    (await helia()).exportCar(asCidV1(root), trim(path), scope)

  return {
    has: async (cid) => blocks.has(cid),
    get: async (cid) => blocks.get(cid),
    putAll: (all: readonly Block[]) => blocks.putAll(all),
    async put(codec, bytes) {
      const cid = cidOf(codec, bytes)
      await blocks.putAll([{ cid, bytes }])
      return cid
    },
    async putFile(bytes) {
      const all = fileBlocks(bytes)
      await blocks.putAll(all)
      return (all[all.length - 1] as Block).cid
    },
    getFile,
    fileNow,
    resolve,
    list: async (cid) => (await helia()).list(asCidV1(cid)),
    exportCar,
    async importCar(bytes) {
      const car = readCar(bytes)
      checkReach(car)
      await blocks.putAll(car.blocks)
      return { roots: car.roots, blocks: car.blocks.length }
    },
    async ipfs(root, path, format, scope) {
      if (format === 'car')
        return {
          cid: asCidV1(root).toString(),
          contentType: 'application/vnd.ipld.car; version=1',
          body: await exportCar(root, path, scope),
        }
      const cid = await resolve(root, path)
      if (format === 'raw') return { cid: cid.toString(), contentType: 'application/vnd.ipld.raw', body: blocks.get(cid) }
      const body = cid.code === DAG_CBOR ? blocks.get(cid) : await getFile(cid)
      return { cid: cid.toString(), contentType: contentType(cid, body), body }
    },
    pin: async (root) => (await helia()).pin(asCidV1(root)),
    unpin: async (root) => (await helia()).unpin(asCidV1(root)),
    pins: async () => (await helia()).pins(),
    scrub: () => scrub(blocks),
    async close() {
      const running = engine
      engine = undefined
      await (await running?.catch(() => undefined))?.stop()
    },
  }
}
