import { mkdtempSync, readdirSync, readFileSync, rmSync, existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  cborBlock,
  CID,
  cidOf,
  concatBytes,
  DAG_CBOR,
  DAG_PB,
  encode,
  fileBlocks,
  fileNode,
  fromUtf8,
  LIMITS,
  parseCid,
  RAW,
  readCar,
  sha256,
  toHex,
  utf8,
  writeCar,
  type Block,
  type CarScope,
  type FilePart,
  type Kv,
} from '../runtime/core/index.ts'
import { openLmdb } from '../runtime/kv/index.ts'
import { openStore, type Store } from './index.ts'

const folders: string[] = []
/** A key-value store on disk. */
function openKv(): Promise<Kv> {
  const folder = mkdtempSync(join(tmpdir(), 'utnet-store-'))
  folders.push(folder)
  return openLmdb(join(folder, 'blocks'))
}

let kv: Kv
let store: Store
beforeAll(async () => {
  kv = await openKv()
  store = await openStore({ kv, offline: true })
})
afterAll(async () => {
  await store.close()
  await kv.close()
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

/** Bytes that differ at every place, so that no two chunks are alike. */
function bytesOf(length: number, seed = 1): Uint8Array {
  const out = new Uint8Array(length)
  let x = seed
  for (let i = 0; i < length; i++) {
    x = (Math.imul(x, 1664525) + 1013904223) >>> 0
    out[i] = x >>> 24
  }
  return out
}

async function collected(chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array> | Promise<Uint8Array>): Promise<Uint8Array> {
  const all = await chunks
  return all instanceof Uint8Array ? all : concatBytes(...(await Array.fromAsync(all)))
}

const keyOf = (cid: CID): Uint8Array => concatBytes(utf8('block/'), cid.bytes)
const MIB = 1024 * 1024
const SIZES = [0, 1, MIB - 1, MIB, MIB + 1, 5 * MIB]

describe('files', () => {
  test.each(SIZES)('of %i bytes have the CIDs that Helia gives and come back', async (size) => {
    const { createHeliaLight } = await import('helia')
    const { unixfs } = await import('@helia/unixfs')
    const node = await createHeliaLight().start()
    const fs = unixfs(node)
    const bytes = bytesOf(size)
    // Helia's defaults are ours: fixed chunks of 1 MiB, width 1024, raw leaves, a single chunk as its raw block.
    const theirs = await fs.addBytes(bytes)
    const ours = await store.putFile(bytes)
    expect(ours.toString()).toBe(theirs.toString())
    expect(toHex(sha256(await store.getFile(ours)))).toBe(toHex(sha256(bytes)))
    for (const block of fileBlocks(bytes)) expect(await node.blockstore.has(block.cid), block.cid.toString()).toBe(true)
    await node.stop()
  })

  test("over the caller's limit are refused before their leaves are read", async () => {
    const cid = await store.putFile(bytesOf(3 * MIB, 7))
    await expect(store.getFile(cid, 3 * MIB - 1)).rejects.toMatchObject({ code: 'core_too_large', used: 3 * MIB, allowed: 3 * MIB - 1 })
    expect((await store.getFile(cid, 3 * MIB)).length).toBe(3 * MIB)
  })

  test('a node that lies about the size of a part is refused', async () => {
    const leaf = { cid: await store.put(RAW, utf8('four')), size: 4, total: 4 }
    const lie = fileNode([leaf, { ...leaf, size: 5 }])
    await store.putAll([lie])
    await expect(store.getFile(lie.cid)).rejects.toMatchObject({ code: 'block_mismatch' })
  })

  test('a small DAG that unfolds into terabytes is refused at once', async () => {
    const leaf = bytesOf(MIB, 3)
    let part = { cid: await store.put(RAW, leaf), size: leaf.length, total: leaf.length }
    for (let level = 0; level < 3; level++) {
      const node = fileNode(Array.from({ length: 1000 }, () => part))
      await store.putAll([node])
      part = node
    }
    await expect(store.getFile(part.cid)).rejects.toMatchObject({ code: 'core_too_large' })
    // As a CAR it is four blocks: each stands once.
    expect(readCar(await store.exportCar(part.cid)).blocks.length).toBe(4)
  })
})

describe('blocks', () => {
  test('bytes that do not hash to the CID are never stored, nor is anything beside them', async () => {
    const good = { cid: cidOf(RAW, utf8('good one')), bytes: utf8('good one') }
    const bad = { cid: cidOf(RAW, utf8('true')), bytes: utf8('false') }
    await expect(store.putAll([good, bad])).rejects.toMatchObject({ code: 'block_mismatch' })
    expect(await store.has(good.cid)).toBe(false)
    expect(await store.has(bad.cid)).toBe(false)
  })

  test('other hashes and oversized blocks are refused', async () => {
    const identity = CID.parse('bafkqabtimvwgy3yk')
    await expect(store.putAll([{ cid: identity, bytes: utf8('hello\n') }])).rejects.toMatchObject({ code: 'core_bad_argument' })
    await expect(store.get(identity)).rejects.toMatchObject({ code: 'core_bad_argument' })
    const big = new Uint8Array(LIMITS.blockBytes + 1)
    await expect(store.put(RAW, big)).rejects.toMatchObject({
      code: 'core_too_large',
      limit: 'blockBytes',
      used: big.length,
      allowed: LIMITS.blockBytes,
    })
    expect((await store.get(await store.put(RAW, big.subarray(1)))).length).toBe(LIMITS.blockBytes)
  })

  test('a byte that changed on disk is noticed by get, getFile, exportCar and scrub, and put heals it', async () => {
    const own = await openKv()
    const damaged = await openStore({ kv: own, offline: true })
    const bytes = bytesOf(2 * MIB, 9)
    const root = await damaged.putFile(bytes)
    const leaf = fileBlocks(bytes)[0].cid
    const stored = own.get(keyOf(leaf)) as Uint8Array
    const flipped = Uint8Array.from(stored)
    flipped[12345] = (flipped[12345] as number) ^ 1
    await own.commit([
      [keyOf(leaf), flipped],
      [utf8('block/junk'), utf8('x')],
    ])
    await expect(damaged.get(leaf)).rejects.toMatchObject({ code: 'data_corrupt' })
    await expect(damaged.getFile(root)).rejects.toMatchObject({ code: 'data_corrupt' })
    await expect(damaged.exportCar(root)).rejects.toMatchObject({ code: 'data_corrupt' })
    const folder = await damaged.put(DAG_CBOR, encode({ file: root }))
    const whole = own.get(keyOf(root)) as Uint8Array
    await own.commit([[keyOf(root), Uint8Array.from(whole).fill(0, 40)]])
    await expect(damaged.ipfs(folder, 'file/deeper', 'raw')).rejects.toMatchObject({ code: 'data_corrupt' })
    await own.commit([[keyOf(root), whole]])
    const report = await damaged.scrub()
    expect(report.blocks).toBe(5)
    expect(report.corrupt.toSorted()).toEqual([leaf.toString(), toHex(utf8('block/junk'))].toSorted())
    await damaged.putFile(bytes)
    expect(await damaged.getFile(root)).toEqual(bytes)
    await damaged.close()
    await own.close()
  })

  test('a block that is not there is named', async () => {
    const absent = cidOf(RAW, utf8('never stored'))
    await expect(store.get(absent)).rejects.toMatchObject({ code: 'block_not_found', message: expect.stringContaining(absent.toString()) })
  })
})

describe('CAR files', () => {
  test('export and import give the same blocks, and @ipld/car reads the file', async () => {
    const bytes = bytesOf(3 * MIB + 5, 11)
    const root = await store.putFile(bytes)
    const car = await store.exportCar(root)
    expect(await store.exportCar(root)).toEqual(car)
    const { CarReader } = await import('@ipld/car')
    const theirs = await CarReader.fromBytes(car)
    expect((await theirs.getRoots()).map(String)).toEqual([root.toString()])
    expect(toHex(writeCar([root], readCar(car).blocks))).toBe(toHex(car))
    const own = await openKv()
    const other = await openStore({ kv: own, offline: true })
    expect(await other.importCar(car)).toMatchObject({ blocks: 5 })
    expect(await other.getFile(root)).toEqual(bytes)
    await other.close()
    await own.close()
  })

  test('a flipped byte anywhere is refused and nothing is stored', async () => {
    const leaves = [utf8('alpha'), utf8('beta')].map((bytes) => ({ cid: cidOf(RAW, bytes), bytes }))
    const root = cborBlock({ links: leaves.map((l) => l.cid) })
    const car = writeCar([root.cid], [root, ...leaves])
    const own = await openKv()
    const clean = await openStore({ kv: own, offline: true })
    for (let at = 0; at < car.length; at++) {
      for (const bit of [1, 0x80]) {
        const changed = Uint8Array.from(car)
        changed[at] = (changed[at] as number) ^ bit
        await expect(clean.importCar(changed), `byte ${at}`).rejects.toMatchObject({
          code: expect.stringMatching(/bundle_invalid|block_mismatch|core_not_canonical|core_too_large/),
        })
      }
    }
    for (let cut = 0; cut < car.length; cut++) {
      const whole = cut === (car[0] as number) + 1 || readable(car.subarray(0, cut))
      if (!whole) await expect(clean.importCar(car.subarray(0, cut)), `cut at ${cut}`).rejects.toThrow(/./)
    }
    expect([...own.range(new Uint8Array(0), Uint8Array.of(255))]).toEqual([])
    await clean.close()
    await own.close()
  })

  test('a CAR reader survives any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          const car = readCar(bytes)
          expect(writeCar(car.roots, car.blocks).length).toBeGreaterThan(0)
        } catch (error) {
          expect((error as { code?: string }).code).toMatch(/bundle_invalid|block_mismatch|core_/)
        }
      }),
    )
  })
})

/** True where a cut falls between two blocks: then the rest is a file of its own. */
function readable(bytes: Uint8Array): boolean {
  try {
    readCar(bytes)
    return true
  } catch {
    return false
  }
}

describe('Helia', () => {
  test('is loaded by one file, and there only when asked for', () => {
    const files = readdirSync(new URL('.', import.meta.url)).filter((f) => f.endsWith('.ts') && !f.endsWith('.test.ts'))
    expect(files.length).toBeGreaterThan(5)
    for (const name of files) {
      const source = readFileSync(new URL(name, import.meta.url), 'utf8')
      expect(source, name).not.toMatch(/^import (?!type )[^;\n]*from '(helia|@helia\/|ipfs-)/m)
      if (name !== 'engine.ts') expect(source, name).not.toMatch(/import\('(helia|@helia)/)
    }
  })

  test('runs without a socket', async () => {
    await store.pins()
    expect(process.getActiveResourcesInfo().filter((r) => /TCP|UDP|DNS|GetAddrInfo/i.test(r))).toEqual([])
  })
})

describe('pins', () => {
  test('where Helia does not start it is tried again, and the store closes', async () => {
    const own = await openKv()
    const broken = { is: true }
    const odd: Kv = {
      get: (key) => {
        if (broken.is && fromUtf8(key).startsWith('helia/')) throw new Error('no Helia today')
        return own.get(key)
      },
      range: (...what) => own.range(...what),
      commit: (changes) => own.commit(changes),
      close: () => own.close(),
    }
    const store = await openStore({ kv: odd, offline: true })
    await expect(store.pins()).rejects.toThrow('no Helia today')
    await store.close()
    await expect(store.pins()).rejects.toThrow('no Helia today')
    broken.is = false
    expect(await store.pins()).toEqual([])
    await store.close()
    await own.close()
  })

  test('stay over a restart and are idempotent', async () => {
    const own = await openKv()
    const first = await openStore({ kv: own, offline: true })
    const root = await first.putFile(bytesOf(2 * MIB, 21))
    await first.pin(root)
    await first.pin(root)
    await expect(first.pin(cidOf(RAW, utf8('nowhere')))).rejects.toMatchObject({ code: 'block_not_found' })
    await first.close()
    const second = await openStore({ kv: own, offline: true })
    expect((await second.pins()).map(String)).toEqual([root.toString()])
    await second.unpin(root)
    expect(await second.pins()).toEqual([])
    await second.close()
    await own.close()
  })
})

test('a path into a file, past a document or a block, or where nothing is a directory: what it names is not there', async () => {
  const large = await store.putFile(new Uint8Array(3 << 20))
  const document = await store.put(DAG_CBOR, encode({ a: 1 }))
  const block = await store.put(RAW, utf8('a block'))
  const junk = await store.put(DAG_PB, utf8('no protobuf at all'))
  for (const root of [large, document, block, junk])
    for (const format of ['raw', 'car', 'file'] as const)
      await expect(store.ipfs(root, 'deeper', format), `${root} ${format}`).rejects.toMatchObject({ code: 'block_not_found' })
})

describe('a CAR of a part (IPFS Trustless Gateway, dag-scope and entity-bytes)', () => {
  const namesOf = async (root: CID, scope: CarScope, path?: string): Promise<string[]> => {
    const found = readCar(await store.exportCar(root, path, scope)).blocks.map(({ cid }) => cid.toString())
    expect(new Set(found).size).toBe(found.length)
    return found
  }

  interface Part extends FilePart {
    readonly start: number
    readonly below: readonly Part[]
  }

  /** A file of chunks of 4 bytes, 2 to a node: deep, and where bytes repeat with the same block at several places. */
  function tree(bytes: Uint8Array): { readonly top: Part; readonly blocks: readonly Block[] } {
    const blocks: Block[] = []
    let level: Part[] = []
    for (let start = 0; start < bytes.length; start += 4) {
      const chunk = bytes.slice(start, start + 4)
      const cid = cidOf(RAW, chunk)
      blocks.push({ cid, bytes: chunk })
      level.push({ cid, size: chunk.length, total: chunk.length, start, below: [] })
    }
    while (level.length > 1) {
      level = Array.from({ length: Math.ceil(level.length / 2) }, (_, i): Part => {
        const below = level.slice(2 * i, 2 * i + 2)
        const [left, right] = below as [Part, Part?]
        if (right === undefined) return left
        const node = fileNode(below)
        blocks.push(node)
        return { ...node, start: left.start, below }
      })
    }
    return { top: level[0] as Part, blocks }
  }

  /** The blocks that these bytes lie in or under. */
  const holding = (part: Part, start: number, end: number): string[] =>
    part.start < end && start < part.start + part.size
      ? [part.cid.toString(), ...part.below.flatMap((child) => holding(child, start, end))]
      : []

  test('bytes of a file come with the blocks that they lie in and no other', async () => {
    const place = fc.integer({ min: -70, max: 70 })
    const run = async (size: number, kinds: number, first: number, last: number | null): Promise<void> => {
      const { top, blocks } = tree(bytesOf(size).map((b) => b % kinds))
      await store.putAll(blocks)
      const start = first < 0 ? Math.max(0, size + first) : first
      const end = last === null ? size : Math.min(size, (last < 0 ? size + last : last) + 1)
      const wanted = start < end ? holding(top, start, end) : [top.cid.toString()]
      expect(await namesOf(top.cid, { dag: 'entity', bytes: [first, last] })).toEqual([...new Set(wanted)])
    }
    await fc.assert(fc.asyncProperty(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 255 }), place, fc.option(place), run))
  })

  test('a small DAG of which no block is new cannot keep the store busy', async () => {
    let part: FilePart = { cid: cidOf(RAW, utf8('x')), size: 1, total: 1 }
    const blocks: Block[] = [{ cid: part.cid, bytes: utf8('x') }]
    // Each node names the one below a hundred times: 100^7 ways to the leaf.
    for (let i = 0; i < 7; i++) {
      const node = fileNode(Array.from({ length: 100 }, () => part))
      blocks.push(node)
      part = node
    }
    await store.putAll(blocks)
    for (const scope of [{ dag: 'entity' }, { dag: 'entity', bytes: [12_345, -54_321] }] as const)
      expect((await namesOf(part.cid, scope)).length).toBe(8)
  })

  test('an entity is a file whole, a directory without what is in it, and of other data the root', async () => {
    const file = await store.putFile(bytesOf(3 * MIB, 9))
    const car = readCar(await store.exportCar(file))
    expect(await namesOf(file, { dag: 'entity' })).toEqual(car.blocks.map(({ cid }) => cid.toString()))
    expect(await namesOf(file, { dag: 'block' })).toEqual([file.toString()])
    expect(await namesOf(file, { dag: 'entity', bytes: [MIB, MIB] })).toEqual([file.toString(), car.blocks[2]?.cid.toString()])
    const cbor = cborBlock({ file })
    await store.putAll([cbor])
    for (const scope of [{ dag: 'entity' }, { dag: 'block' }, { dag: 'entity', bytes: [0, 5] }] as const)
      expect(await namesOf(cbor.cid, scope)).toEqual([cbor.cid.toString()])
  })
})

describe('paths', () => {
  /** A directory as Helia makes it, in the store: `a.txt`, and `sub` with `b.txt` of two blocks. */
  async function directory(): Promise<Readonly<Record<'top' | 'sub' | 'a' | 'b', CID>>> {
    const { createHeliaLight } = await import('helia')
    const { unixfs } = await import('@helia/unixfs')
    const node = await createHeliaLight().start()
    const fs = unixfs(node)
    const [a, b] = [await fs.addBytes(utf8('hello')), await fs.addBytes(bytesOf(MIB + 1))]
    const sub = await fs.cp(b, await fs.addDirectory(), 'b.txt')
    const top = await fs.cp(sub, await fs.cp(a, await fs.addDirectory(), 'a.txt'), 'sub')
    const [first, second] = [bytesOf(MIB + 1).subarray(0, MIB), bytesOf(MIB + 1).subarray(MIB)]
    const parts = [utf8('hello'), first, second].map((bytes) => ({ cid: cidOf(RAW, bytes), bytes }))
    const nodes = await Promise.all([b, sub, top].map(async (cid) => ({ cid, bytes: await collected(node.blockstore.get(cid)) })))
    await store.putAll([...parts, ...nodes])
    await node.stop()
    return { top, sub, a, b }
  }

  test('lead to files and directories, and a CAR of one holds the blocks on the way and the DAG below, each once', async () => {
    const { top, sub, a, b } = await directory()
    expect((await store.list(top)).map((e) => e.name)).toEqual(['a.txt', 'sub'])
    expect([await store.resolve(top, ''), await store.resolve(top, '/sub/'), await store.resolve(top, 'sub/b.txt')]).toEqual([top, sub, b])
    expect(fromUtf8((await store.ipfs(top, 'a.txt', 'file')).body)).toBe('hello')
    expect(await store.getFile(await store.resolve(top, 'sub/b.txt'))).toEqual(bytesOf(MIB + 1))
    const car = readCar((await store.ipfs(top, 'sub/b.txt', 'car')).body)
    expect(car.roots).toEqual([top])
    expect(car.blocks.slice(0, 3).map(({ cid }) => cid)).toEqual([top, sub, b])
    expect(car.blocks).toHaveLength(5)
    const whole = readCar((await store.ipfs(top, '', 'car')).body)
    expect(new Set(whole.blocks.map(({ cid }) => cid.toString()))).toEqual(
      new Set([...car.blocks.map(({ cid }) => cid.toString()), a.toString()]),
    )
  })

  test('that name nothing, go through a file or are too long are coded errors', async () => {
    const { top } = await directory()
    for (const path of ['b.txt', 'a.txt/deeper', 'sub/a.txt'])
      await expect(store.ipfs(top, path, 'file')).rejects.toMatchObject({ code: 'block_not_found' })
    await expect(store.ipfs(top, 'sub', 'file')).rejects.toMatchObject({ code: 'core_bad_argument' })
    await expect(store.resolve(top, 'x/'.repeat(4000))).rejects.toMatchObject({ code: 'core_too_large', limit: 'pathBytes' })
  })
})

const fixtures = new URL('../../shared/vectors/ipfs-gateway/fixtures/', import.meta.url)
describe.skipIf(!existsSync(fixtures))('gateway fixtures (ipfs/gateway-conformance; skipped where the vectors are absent)', () => {
  const names = existsSync(fixtures) ? readdirSync(fixtures, { recursive: true, encoding: 'utf8' }).filter((n) => n.endsWith('.car')) : []
  const load = (name: string): Uint8Array => new Uint8Array(readFileSync(new URL(name, fixtures)))

  test('are there', () => expect(names.length).toBeGreaterThan(8))

  test.each(names)('%s imports verified, and every flipped block byte is refused', async (name) => {
    const bytes = load(name)
    const car = readCar(bytes)
    const report = await store.importCar(bytes)
    expect(report.blocks).toBe(car.blocks.length)
    for (const block of car.blocks) expect(await store.get(block.cid)).toEqual(block.bytes)
    const last = Uint8Array.from(bytes)
    last[last.length - 1] = (last[last.length - 1] as number) ^ 1
    await expect(store.importCar(last)).rejects.toMatchObject({ code: 'block_mismatch' })
  })

  const text = async (cid: string, path: string): Promise<string> =>
    new TextDecoder().decode((await store.ipfs(parseCid(cid), path, 'file')).body)
  const DIR = 'bafybeihchr7vmgjaasntayyatmp5sv6xza57iy2h4xj7g46bpjij6yhrmy'
  const SUBDIR = 'bafybeietjm63oynimmv5yyqay33nui4y4wx6u3peezwetxgiwvfmelutzu'
  const HAMT = 'bafybeidbclfqleg2uojchspzd4bob56dqetqjsj27gy2cq3klkkgxtpn4i'

  test('paths, multi-block files and directories are read through Helia', async () => {
    expect((await store.list(parseCid(DIR))).map((e) => e.name)).toEqual(['ascii-copy.txt', 'ascii.txt', 'hello.txt', 'multiblock.txt'])
    expect(await text(DIR, 'ascii.txt')).toBe('hello application/vnd.ipld.car\n')
    expect(await text(SUBDIR, '/subdir/hello.txt')).toBe('hello world\n')
    const multi = await store.getFile(await store.resolve(parseCid(DIR), 'multiblock.txt'))
    expect(multi.length).toBe(1026)
    expect(await text(HAMT, '685.txt')).toContain('Lorem ipsum')
    const names_ = (await store.list(parseCid('bafybeig675grnxcmshiuzdaz2xalm6ef4thxxds6o6ypakpghm5kghpc34'))).map((e) => e.name)
    expect(names_).toEqual(['Portugal%2C+España=Peninsula Ibérica.txt'])
    expect(await text('bafybeig675grnxcmshiuzdaz2xalm6ef4thxxds6o6ypakpghm5kghpc34', names_[0] as string)).toContain('hello')
    expect((await store.ipfs(parseCid('bafybeia264q44a3kmfc2otctzu4egp2k235o3t7mslz2yjraymp4nv6asi'), 'document', 'raw')).cid).toBe(
      'bafyreidy4q6mmetut5jzc54ambsfnatbyoujmwbfzyyolqw24majazwgha',
    )
  })

  test('a CAR of a path holds the blocks on the way and the DAG below, each once', async () => {
    const { body, cid } = await store.ipfs(parseCid(SUBDIR), 'subdir/ascii.txt', 'car')
    const car = readCar(body)
    expect(cid).toBe(SUBDIR)
    expect(car.roots.map(String)).toEqual([SUBDIR])
    expect(car.blocks.map((b) => b.cid.toString())).toEqual([
      SUBDIR,
      'bafybeiggghzz6dlue3m6nb2dttnbrygxh3lrjl5764f2m4gq7dgzdt55o4',
      'bafkreifkam6ns4aoolg3wedr4uzrs3kvq66p4pecirz6y2vlrngla62mxm',
    ])
    const whole = readCar((await store.ipfs(parseCid(HAMT), '', 'car')).body)
    expect(new Set(whole.blocks.map((b) => b.cid.toString())).size).toBe(whole.blocks.length)
    const mixed = readCar((await store.ipfs(parseCid('bafybeia264q44a3kmfc2otctzu4egp2k235o3t7mslz2yjraymp4nv6asi'), '', 'car')).body)
    expect(mixed.blocks.length).toBe(9)
  })

  test('a part of a DAG: the way, the entity, a directory with its shards', async () => {
    const part = async (cid: string, path: string, scope: CarScope): Promise<readonly string[]> =>
      readCar((await store.ipfs(parseCid(cid), path, 'car', scope)).body).blocks.map((b) => b.cid.toString())
    expect(await part(SUBDIR, 'subdir', { dag: 'block' })).toEqual([SUBDIR, 'bafybeiggghzz6dlue3m6nb2dttnbrygxh3lrjl5764f2m4gq7dgzdt55o4'])
    expect(await part(SUBDIR, 'subdir', { dag: 'entity' })).toEqual(await part(SUBDIR, 'subdir', { dag: 'block' }))
    const shards = readCar(load('trustless_gateway_car/single-layer-hamt-with-multi-block-files.car'))
    const whole = await part(HAMT, '', { dag: 'all' })
    const names_ = await part(HAMT, '', { dag: 'entity' })
    expect(names_[0]).toBe(HAMT)
    expect(names_.length).toBeLessThan(whole.length)
    expect(shards.blocks.length).toBeGreaterThanOrEqual(names_.length)
    // A directory has no bytes: a range of it is not looked at.
    expect(await part(HAMT, '', { dag: 'entity', bytes: [0, 1] })).toEqual(names_)
    const file = await part(DIR, 'multiblock.txt', { dag: 'entity' })
    expect(file.length).toBeGreaterThan(3)
    expect((await part(DIR, 'multiblock.txt', { dag: 'entity', bytes: [0, 0] })).length).toBe(3)
    expect((await part(DIR, 'multiblock.txt', { dag: 'entity', bytes: [2000, null] })).length).toBe(2)
  })

  test('what is not there or not readable is a coded error', async () => {
    await expect(store.ipfs(parseCid(DIR), 'nope.txt', 'file')).rejects.toMatchObject({ code: 'block_not_found' })
    await expect(store.ipfs(parseCid(DIR), 'ascii.txt/deeper', 'file')).rejects.toMatchObject({ code: 'block_not_found' })
    await expect(store.ipfs(parseCid(DIR), '', 'file')).rejects.toMatchObject({ code: 'core_bad_argument' })
    const missing = CID.parse('QmYhmPjhFjYFyaoiuNzYv8WGavpSRDwdHWe5B4M5du5Rtk')
    await expect(store.getFile(missing)).rejects.toMatchObject({ code: 'block_not_found' })
    await expect(store.exportCar(missing)).rejects.toMatchObject({ code: 'block_not_found' })
    await expect(store.resolve(parseCid(DIR), 'x/'.repeat(4000))).rejects.toMatchObject({ code: 'core_too_large', limit: 'pathBytes' })
    const junk = await store.put(DAG_PB, utf8('no protobuf at all'))
    await expect(store.getFile(junk)).rejects.toMatchObject({ code: 'core_bad_argument' })
    await expect(store.exportCar(junk)).rejects.toMatchObject({ code: 'core_bad_argument' })
  })
})
