import { create } from 'multiformats/hashes/digest'
import { expect, test } from 'vitest'
import { CID, cidOf, DAG_CBOR, fileNode, LIMITS, RAW, readFile, readFileNode, utf8, walkFile, type Block, type FilePart } from '../index.ts'

const bytes = utf8('four')
const leaf = { cid: cidOf(RAW, bytes), bytes }
const part: FilePart = { cid: leaf.cid, size: bytes.length, total: bytes.length }
const times = (count: number, of: FilePart = part): readonly FilePart[] => Array.from({ length: count }, () => of)

/** Reads among these blocks and the leaf. */
function from(...blocks: readonly Block[]): (cid: CID) => Uint8Array {
  const byName = new Map([leaf, ...blocks].map((block) => [block.cid.toString(), block.bytes]))
  return (cid) => byName.get(cid.toString()) ?? expect.fail(`asked for ${cid.toString()}`)
}

/** As many levels of nodes over the leaf, each with two parts. */
function tower(levels: number): { readonly top: FilePart; readonly get: (cid: CID) => Uint8Array } {
  const nodes: (Block & FilePart)[] = []
  for (let i = 0; i < levels; i++) nodes.push(fileNode(times(2, nodes.at(-1) ?? part)))
  return { top: nodes.at(-1) as FilePart, get: from(...nodes) }
}

test('a node has as many links as the layout says, two at least', () => {
  expect(readFileNode(fileNode(times(LIMITS.fileWidth)).bytes)).toHaveLength(LIMITS.fileWidth)
  expect(readFileNode(fileNode(times(LIMITS.fileWidth + 1)).bytes)).toBeUndefined()
  expect(readFileNode(fileNode(times(2)).bytes)).toHaveLength(2)
  expect(readFileNode(fileNode(times(1)).bytes)).toBeUndefined()
})

test('a node with an empty part is none of ours: a small file would name endless blocks', () => {
  const node = fileNode([part, { ...part, size: 0 }])
  expect(readFileNode(node.bytes)).toBeUndefined()
  expect(readFile(node.cid, from(node))).toBeUndefined()
})

test('no other bytes are a node: each byte changed, cut or added gives none, or one of other parts', () => {
  const { bytes: whole } = fileNode([part, { ...part, size: 5 }])
  for (let at = 0; at < whole.length; at++) {
    expect(readFileNode(whole.subarray(0, at))).toBeUndefined()
    const spoilt = Uint8Array.from(whole)
    spoilt[at] = (spoilt[at] as number) ^ 1
    const read = readFileNode(spoilt)
    if (read !== undefined) expect(fileNode(read).bytes).toEqual(spoilt)
  }
  expect(readFileNode(Uint8Array.of(...whole, 0))).toBeUndefined()
})

test('a file is as deep as four levels of nodes, and no deeper', () => {
  const [deep, over] = [tower(4), tower(5)]
  expect(readFile(deep.top.cid, deep.get)).toHaveLength(4 * 2 ** 4)
  walkFile(deep.top.cid, deep.get, new Set(), [])
  expect(readFile(over.top.cid, over.get)).toBeUndefined()
  expect(() => walkFile(over.top.cid, over.get, new Set(), [])).toThrow(expect.objectContaining({ code: 'bundle_invalid' }))
})

test('a part has the size that its node says, and is a part of a file', () => {
  const lie = fileNode([part, { ...part, size: 5 }])
  expect(() => readFile(lie.cid, from(lie))).toThrow(expect.objectContaining({ code: 'block_mismatch' }))
  // sizes whose sum is right
  const even = fileNode([
    { ...part, size: 3 },
    { ...part, size: 5 },
  ])
  expect(() => readFile(even.cid, from(even))).toThrow(expect.objectContaining({ code: 'block_mismatch' }))
  const other = fileNode([part, { ...part, cid: cidOf(DAG_CBOR, bytes) }])
  expect(readFile(other.cid, from(other))).toBeUndefined()
  expect(() => readFile(cidOf(DAG_CBOR, bytes), from())).toThrow(expect.objectContaining({ code: 'block_mismatch' }))
})

test('a node whose sizes are beyond any file is refused before its parts are asked for', () => {
  const vast = fileNode(times(LIMITS.fileWidth, { ...part, size: 2 ** 40 }))
  const only = (cid: CID): Uint8Array => (cid.equals(vast.cid) ? vast.bytes : expect.fail('a part was asked for'))
  expect(() => readFile(vast.cid, only)).toThrow(expect.objectContaining({ code: 'core_too_large' }))
})

test('a file of many small parts is not read beyond as many blocks as a CAR file has', () => {
  const row = fileNode(times(1_000))
  const node = fileNode(times(100, row))
  expect(() => readFile(node.cid, from(row, node))).toThrow(expect.objectContaining({ code: 'core_too_large', limit: 'carBlocks' }))
})

test('a part under an identity hash is asked for like any other: nothing is taken out of the name', () => {
  const inlined = CID.createV1(RAW, create(0, bytes))
  const node = fileNode([part, { ...part, cid: inlined }])
  expect(() => readFile(node.cid, from(node))).toThrow(/asked for/)
})
