import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseSync } from 'oxc-parser'
import { expect, test } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))

/** Room -> rooms of ours that it may import, npm packages that it may import (a trailing / allows a scope). ARCHITECTURE.md prints the same table. */
const ROOMS: Readonly<Record<string, { ours: readonly string[]; npm: readonly string[] }>> = {
  'runtime/core': { ours: [], npm: ['@noble/', '@scure/', '@ipld/dag-cbor', 'multiformats'] },
  'runtime/crypto': { ours: ['runtime/core'], npm: ['@noble/', '@chainsafe/blst', '@hpke/core', 'node:'] },
  'runtime/kv': { ours: ['runtime/core', 'runtime/crypto'], npm: ['lmdb', 'node:'] },
  'runtime/chips': { ours: ['runtime/core', 'runtime/crypto', 'runtime/kv'], npm: ['pkcs11js', 'node:'] },
  'runtime/receipts': { ours: ['runtime/core', 'runtime/crypto', 'runtime/kv'], npm: ['node:'] },
  'runtime/host': {
    ours: ['runtime/core', 'runtime/crypto', 'runtime/kv'],
    npm: ['@bytecodealliance/', '@jridgewell/sourcemap-codec', 'assemblyscript', 'jsonc-parser', 'node:'],
  },
  'runtime/tpu-bridge': {
    ours: ['runtime/core', 'runtime/crypto'],
    npm: ['onnxruntime-node', 'onnxruntime-web', 'onnxruntime-common', 'node:'],
  },
  'runtime/piee': { ours: ['runtime/core', 'runtime/crypto'], npm: [] },
  'runtime/consensus': { ours: ['runtime/core', 'runtime/crypto'], npm: [] },
  // A light client runs in browsers: it has no part of the machine beside it.
  'runtime/consensus/light': { ours: ['runtime/core', 'runtime/crypto'], npm: [] },
  'runtime/verify': { ours: ['runtime/core', 'runtime/crypto', 'runtime/consensus/light'], npm: [] },
  'helia-store': {
    ours: ['runtime/core', 'runtime/crypto', 'runtime/kv'],
    npm: ['helia', '@helia/', 'ipfs-unixfs', '@ipld/', 'multiformats', 'node:'],
  },
  gateway: { ours: ['runtime/core', 'gateway/wire'], npm: ['hono', '@hono/', 'zod', 'node:'] },
  'gateway/wire': { ours: ['runtime/core'], npm: [] },
  'gateway/client': { ours: ['runtime/core', 'runtime/verify', 'gateway/wire'], npm: [] },
  'runtime/node': {
    ours: [
      'runtime/core',
      'runtime/crypto',
      'runtime/kv',
      'runtime/receipts',
      'runtime/chips',
      'runtime/host',
      'runtime/tpu-bridge',
      'runtime/piee',
      'runtime/consensus',
      'runtime/consensus/light',
      'runtime/verify',
      'helia-store',
      'gateway',
      'gateway/client',
      'gateway/wire',
    ],
    npm: ['prom-client', 'node:'],
  },
  cli: {
    ours: ['runtime/core', 'runtime/crypto', 'runtime/kv', 'runtime/verify', 'runtime/consensus/light', 'runtime/node', 'gateway/client'],
    npm: ['node:'],
  },
}

/** Rooms under their own key inside another come first. */
const KEYS = Object.keys(ROOMS).sort((a, b) => b.length - a.length)
const roomOf = (path: string): string | undefined => KEYS.find((key) => path === key || path.startsWith(`${key}/`))

interface Import {
  readonly file: string
  readonly what: string
}

function sources(room: string): string[] {
  return readdirSync(join(root, room), { recursive: true, withFileTypes: true })
    .filter(
      (e) =>
        e.isFile() &&
        e.name.endsWith('.ts') &&
        !e.name.endsWith('.test.ts') &&
        !e.parentPath.includes('/templates') &&
        !e.parentPath.includes('/assembly') &&
        !e.parentPath.endsWith('/testing'),
    )
    .map((e) => relative(root, join(e.parentPath, e.name)))
    .filter((path) => roomOf(path) === room)
}

const parsed = new Map<string, Import[]>()

/** What a file imports or re-exports, types too, and imports with a constant name on demand. */
function importsOf(file: string): Import[] {
  const known = parsed.get(file)
  if (known !== undefined) return known
  const text = readFileSync(join(root, file), 'utf8')
  const { module, errors } = parseSync(file, text)
  if (errors.length > 0) throw new Error(`${file} cannot be parsed`)
  const names = [
    ...module.staticImports.map((i) => i.moduleRequest.value),
    ...module.staticExports.flatMap((e) => e.entries.flatMap((entry) => entry.moduleRequest?.value ?? [])),
    ...module.dynamicImports.flatMap((i) => /^['"]([^'"]+)['"]$/.exec(text.slice(i.moduleRequest.start, i.moduleRequest.end))?.[1] ?? []),
  ]
  const found = [...new Set(names)].map((what) => ({ file, what: what.replace(/^[./]*\/node_modules\//, '') }))
  parsed.set(file, found)
  return found
}

test.each(Object.keys(ROOMS))('%s imports only what the table allows, through doors', (room) => {
  const files = sources(room)
  expect(files.length, `no file was read in ${room}`).toBeGreaterThan(0)
  const rules = ROOMS[room] as { ours: readonly string[]; npm: readonly string[] }
  const wrong: string[] = []
  for (const { file, what } of files.flatMap(importsOf)) {
    if (!what.startsWith('.')) {
      if (
        !rules.npm.some(
          (allowed) => what === allowed || what.startsWith(allowed.endsWith('/') || allowed.endsWith(':') ? allowed : `${allowed}/`),
        )
      )
        wrong.push(`${file}: ${what}`)
      continue
    }
    if (!what.endsWith('.ts') && !what.endsWith('.json')) wrong.push(`${file}: ${what} has no .ts`)
    const target = relative(root, resolve(root, dirname(file), what))
    const other = roomOf(target)
    if (other === room) continue
    if (other === undefined || !rules.ours.includes(other)) wrong.push(`${file}: ${target}`)
    // runtime/core is shapes and rules that name each other; every other room is entered by its door (crypto has one for node too, verify one for light clients).
    else if (other !== 'runtime/core' && !/\/(index|light|native)\.ts$/.test(target)) wrong.push(`${file}: ${target} is not a door`)
  }
  expect(wrong).toEqual([])
})

/** Lines of ARCHITECTURE.md that give a room's folders in order: `| \`room\` | in order: \`a\` …; \`b\` … |`. A folder that stands in code alone, or a file, is no part of it. */
const ORDERS = [...readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8').matchAll(/^\| `([\w/-]+)` \| in order: (.*) \|$/gm)].map(
  ([, room = '', line = '']) => {
    const folders = readdirSync(join(root, room), { withFileTypes: true }).flatMap((e) => (e.isDirectory() ? [e.name] : []))
    return { room, order: [...line.matchAll(/`([\w-]+)`/g)].flatMap(([, name = '']) => (folders.includes(name) ? [name] : [])) }
  },
)

test('ARCHITECTURE.md gives the folders of some rooms in order', () => {
  expect(ORDERS.map(({ order }) => order.length).filter((length) => length > 1).length).toBeGreaterThan(5)
})

test.each(ORDERS)('a folder of $room imports only those before it, through their doors', ({ room, order }) => {
  const wrong: string[] = []
  for (const [place, folder] of order.entries()) {
    const files = sources(roomOf(room) as string).filter((file) => file.startsWith(`${room}/${folder}/`))
    expect(files.length, `no file was read in ${room}/${folder}`).toBeGreaterThan(0)
    for (const { file, what } of files.flatMap(importsOf)) {
      const target = relative(room, resolve(root, dirname(file), what).slice(root.length))
      const [other = ''] = target.split('/')
      if (!what.startsWith('.') || other === folder || !order.includes(other)) continue
      if (order.indexOf(other) > place) wrong.push(`${file}: ${what}`)
      else if (!target.endsWith('/index.ts')) wrong.push(`${file}: ${what} is not a door`)
    }
  }
  expect(wrong).toEqual([])
})

test('a folder with a door is entered by it, from folders beside it too', () => {
  const files = Object.keys(ROOMS).flatMap(sources)
  const doors = new Set(files.filter((file) => file.endsWith('/index.ts')).map(dirname))
  expect(doors.size).toBeGreaterThan(60)
  const wrong = files.flatMap(importsOf).flatMap(({ file, what }) => {
    const target = relative(root, resolve(root, dirname(file), what))
    const folder = dirname(target)
    const inside = !what.startsWith('.') || file.startsWith(`${folder}/`) || roomOf(target) === 'runtime/core'
    return inside || !doors.has(folder) || /\/(index|light|native)\.ts$/.test(target) ? [] : [`${file}: ${what}`]
  })
  expect(wrong).toEqual([])
})

test('rooms that run in browsers never import native halves', () => {
  const wrong = ['runtime/verify', 'runtime/consensus/light', 'runtime/core', 'gateway/wire', 'gateway/client']
    .flatMap(sources)
    .flatMap(importsOf)
    .filter(({ what }) => what.startsWith('node:') || what.endsWith('native.ts'))
  expect(wrong).toEqual([])
})

test('no file of a room imports itself in a circle', () => {
  const all = Object.keys(ROOMS).flatMap(sources)
  expect(all.length).toBeGreaterThan(100)
  const graph = new Map(
    all.map((file) => [
      file,
      importsOf(file)
        .filter(({ what }) => what.startsWith('.'))
        .map(({ what }) => relative(root, resolve(root, dirname(file), what))),
    ]),
  )
  const state = new Map<string, 'open' | 'done'>()
  const circles: string[] = []
  const visit = (file: string, path: readonly string[]): void => {
    if (state.get(file) === 'done') return
    if (state.get(file) === 'open') {
      circles.push([...path.slice(path.indexOf(file)), file].join(' -> '))
      return
    }
    state.set(file, 'open')
    for (const next of graph.get(file) ?? []) visit(next, [...path, file])
    state.set(file, 'done')
  }
  for (const file of all) visit(file, [])
  expect(circles).toEqual([])
})

test('a page names no file or folder of ours that is not there', () => {
  const pages = readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((e) => e.isFile() && e.name.endsWith('.md') && e.name !== 'CHANGELOG.md')
    .map((e) => relative(root, join(e.parentPath, e.name)))
    .filter((path) => !/(^|\/)(node_modules|dist|templates)\//.test(path))
  expect(pages.length).toBeGreaterThan(30)
  const named = pages.flatMap((page) =>
    [
      ...readFileSync(join(root, page), 'utf8').matchAll(
        /`((?:runtime|gateway|helia-store|cli|test|bench|guest|packaging|examples|docs)\/[^`\s*]+)`/g,
      ),
    ].map(([, path = '']) => [page, path] as const),
  )
  expect(named.length).toBeGreaterThan(50)
  expect(named.filter(([, path]) => !existsSync(join(root, path)))).toEqual([])
})

test('no file of the project names another machine or leaves work for later', () => {
  const wrong = Object.keys(ROOMS)
    .flatMap(sources)
    .filter((file) => /\b(TODO|FIXME|XXX|HACK)\b|\/(home|root|tmp|Users)\//.test(readFileSync(join(root, file), 'utf8')))
  expect(wrong).toEqual([])
})
