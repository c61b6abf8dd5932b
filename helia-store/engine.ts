/**
 * Helia over the verified blocks: UnixFS of any layout, path walk, CAR export and pins. The only file that loads Helia, and lazily:
 * the import takes seconds. `createHeliaLight` without brokers or routers opens no socket.
 */
import type { TraversalStrategy } from '@helia/car'
import { asCidV1, joinBytes, limitError, LIMITS, UtnetError, type CarScope, type CID, type Kv } from '../runtime/core/index.ts'
import type { Blocks } from './blocks.ts'
import { heliaBlockstore, heliaDatastore, type HeliaBlockstore } from './ports.ts'
import { entityExporter } from './entity.ts'
import { dagExporter, graphWalker } from './walk.ts'

/** A name in a directory, and what it leads to. */
export interface Entry {
  readonly name: string
  readonly cid: CID
}

export interface Engine {
  /** CIDs on the way from the root to what the path names, both ends included. */
  walk(root: CID, path: string): Promise<CID[]>
  /** The bytes of a UnixFS file of any layout, at most `maxBytes`. */
  cat(cid: CID, maxBytes: number): Promise<Uint8Array>
  /** Entries of a directory. */
  list(cid: CID): Promise<Entry[]>
  /** A CARv1 file of what the path names, as far as the scope goes, with the blocks on the way in front. */
  exportCar(root: CID, path: string, scope: CarScope): Promise<Uint8Array>
  pin(root: CID): Promise<void>
  unpin(root: CID): Promise<void>
  pins(): Promise<CID[]>
  stop(): Promise<void>
}

const UNREADABLE = new Set(['NotAFileError', 'NoContentError', 'NotUnixFSError', 'UnknownCodecError', 'OverReadError', 'UnderReadError'])
const ABSENT = new Set([
  'NotFoundError',
  'BadPathError',
  'DoesNotExistError',
  'NoResolverError',
  'BlockNotFoundWhileOfflineError',
  'InvalidConfigurationError',
  'LoadBlockFailedError',
])

/** Whatever a library threw, in our table: what a path or CID names is not there, or is not what was asked for. */
function translate(error: unknown, what: string): UtnetError {
  if (error instanceof UtnetError) return error
  const name = error instanceof Error ? error.name : ''
  const message = error instanceof Error ? error.message : String(error)
  if (ABSENT.has(name)) return new UtnetError('block_not_found', `${what}: ${message}`, { cause: error })
  const why = UNREADABLE.has(name) ? message : `it cannot be read (${message})`
  return new UtnetError('core_bad_argument', `${what}: ${why}`, { cause: error })
}

async function collect(parts: AsyncIterable<Uint8Array>, maxBytes: number, what: string): Promise<Uint8Array> {
  const all: Uint8Array[] = []
  let size = 0
  for await (const part of parts) {
    size += part.length
    if (size > maxBytes) throw limitError('core_too_large', 'carBytes', size, maxBytes, what)
    all.push(part)
  }
  return joinBytes(all)
}

/** Starts Helia over the blocks, with its pins in the key-value store. */
export async function startEngine(blocks: Blocks, kv: Kv): Promise<Engine> {
  const [helia, fs, car, codec, block, unixfs] = await Promise.all([
    import('helia'),
    import('@helia/unixfs'),
    import('@helia/car'),
    import('@ipld/dag-cbor'),
    import('multiformats/block'),
    import('ipfs-unixfs'),
  ])
  const node = helia.createHeliaLight({
    blockstore: heliaBlockstore(blocks),
    datastore: heliaDatastore(kv),
    codecs: [codec],
  })
  await node.start()
  const walker = graphWalker(blocks, block.createUnsafe)

  /** A view for one operation that reads at most as many blocks as a CAR may hold, so that no DAG keeps a reader busy for ever. */
  const bounded = (what: string): { readonly blockstore: HeliaBlockstore } => {
    let reads = 0
    return {
      blockstore: {
        ...node.blockstore,
        has: (cid) => node.blockstore.has(cid),
        *get(cid) {
          if (++reads > LIMITS.carBlocks) throw limitError('core_too_large', 'carBlocks', reads, LIMITS.carBlocks, what)
          yield blocks.get(cid)
        },
      },
    }
  }

  async function run<T>(what: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      throw translate(error, what)
    }
  }

  async function walk(root: CID, path: string): Promise<CID[]> {
    const what = `/ipfs/${root.toString()}/${path}`
    return run(what, async () => {
      const found: CID[] = []
      const way = new car.UnixFSPath(path)
      try {
        for await (const { cid } of way.traverse(root, bounded(what).blockstore, node.getCodec)) found.push(asCidV1(cid))
      } catch (cause) {
        // The chunks of a file have no names, which the walk takes for a damaged directory.
        if ((cause as Error).name === 'NotUnixFSError')
          throw new UtnetError('block_not_found', `${what}: nothing there has a name`, { cause })
        throw cause
      }
      return found
    })
  }

  return {
    walk,
    cat: (cid, maxBytes) =>
      run(cid.toString(), () => collect(fs.unixfs(bounded(cid.toString())).cat(cid), maxBytes, `file ${cid.toString()}`)),
    list: (cid) =>
      run(cid.toString(), async () => {
        const found: Entry[] = []
        for await (const entry of fs.unixfs(bounded(cid.toString())).ls(cid)) {
          if (found.length === LIMITS.carBlocks)
            throw limitError('core_too_large', 'carBlocks', found.length + 1, LIMITS.carBlocks, 'entries of a directory')
          found.push({ name: entry.name, cid: asCidV1(entry.cid) })
        }
        return found
      }),
    async exportCar(root, path, scope) {
      const way = path === '' ? [] : await walk(root, path)
      // The blocks on the way as they are stored: re-encoding a decoded node could give other bytes.
      const exporter =
        scope.dag === 'all' ? dagExporter(blocks, block.createUnsafe) : entityExporter(blocks, block.createUnsafe, unixfs.UnixFS, scope)
      const traversal: TraversalStrategy = {
        async *traverse(_root, _blockstore, getCodec) {
          for (const cid of way) yield block.createUnsafe({ cid, bytes: blocks.get(cid), codec: await getCodec(cid.code) })
        },
      }
      const seen = new Set<string>()
      const blockFilter = {
        has: (id: Uint8Array) => seen.has(id.join()),
        add: (id: Uint8Array) => void seen.add(id.join()),
        remove: () => false,
      }
      const parts = car.car(node).export(root, { offline: true, exporter, blockFilter, ...(path === '' ? {} : { traversal }) })
      return run(root.toString(), () => collect(parts, 2 * LIMITS.carBytes, `CAR of ${root.toString()}`))
    },
    pin: (root) =>
      run(`pin ${root.toString()}`, async () => {
        try {
          for await (const _ of node.pins.add(root, { walker })) continue
        } catch (error) {
          if (!(error instanceof Error && error.name === 'AlreadyPinnedError')) throw error
        }
      }),
    unpin: (root) =>
      run(`pin ${root.toString()}`, async () => {
        for await (const _ of node.pins.rm(root, { walker })) continue
      }),
    pins: () =>
      run('pins', async () => {
        const found: CID[] = []
        for await (const { cid } of node.pins.ls()) found.push(cid)
        return found
      }),
    async stop() {
      await node.stop()
    },
  }
}
