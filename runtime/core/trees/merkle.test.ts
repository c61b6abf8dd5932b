import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js'
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  consistencyProof,
  fromBase64,
  fromHex,
  inclusionPath,
  leafHash,
  merkleRoot,
  merkleRoots,
  pathSides,
  rootOfHashes,
  toHex,
  useSha256,
  verifyConsistency,
  verifyInclusion,
} from '../index.ts'

const leaves = fc.array(fc.uint8Array({ maxLength: 8 }), { minLength: 1, maxLength: 40 })

test('every leaf is included, and under no other index, size or root', () => {
  fc.assert(
    fc.property(leaves, fc.nat(), fc.nat(), (data, i, flip) => {
      const hashes = data.map(leafHash)
      const index = i % hashes.length
      const root = merkleRoot(data)
      const path = inclusionPath(hashes, index)
      const hash = hashes[index] as Uint8Array
      expect(verifyInclusion(hash, index, hashes.length, path, root)).toBe(true)
      expect(verifyInclusion(hash, index + hashes.length, hashes.length, path, root)).toBe(false)
      expect(verifyInclusion(hash, index, hashes.length, [...path, hash], root)).toBe(false)
      const bad = root.slice()
      bad[flip % 32] = (bad[flip % 32] as number) ^ 1
      expect(verifyInclusion(hash, index, hashes.length, path, bad)).toBe(false)
    }),
  )
})

test('a prefix is consistent with the whole, another list is not', () => {
  fc.assert(
    fc.property(leaves, fc.nat(), (data, n) => {
      const hashes = data.map(leafHash)
      const size = 1 + (n % hashes.length)
      const proof = consistencyProof(hashes, size)
      const before = rootOfHashes(hashes.slice(0, size))
      expect(verifyConsistency(size, hashes.length, before, rootOfHashes(hashes), proof)).toBe(true)
      expect(verifyConsistency(size, hashes.length, leafHash(before), rootOfHashes(hashes), proof)).toBe(false)
    }),
  )
})

test('roots of many trees made at once, some of them empty, are those of each alone by the definition of RFC 6962', () => {
  const rootBy = (hashes: readonly Uint8Array[]): Uint8Array => {
    if (hashes.length === 0) return nobleSha256(new Uint8Array(0))
    if (hashes.length === 1) return hashes[0] as Uint8Array
    let k = 1
    while (k * 2 < hashes.length) k *= 2
    return nobleSha256(Uint8Array.of(1, ...rootBy(hashes.slice(0, k)), ...rootBy(hashes.slice(k))))
  }
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.constant([]), leaves), { maxLength: 6 }), (trees) => {
      const hashes = trees.map((data) => data.map(leafHash))
      const roots = merkleRoots(
        Uint8Array.from(hashes.flat().flatMap((h) => [...h])),
        trees.map((t) => t.length),
      )
      expect(toHex(roots)).toBe(hashes.map((h) => toHex(rootBy(h))).join(''))
      for (const [i, data] of trees.entries()) {
        expect(toHex(merkleRoot(data))).toBe(toHex(rootBy(hashes[i] as Uint8Array[])))
        expect(toHex(rootOfHashes(hashes[i] as Uint8Array[]))).toBe(toHex(merkleRoot(data)))
      }
    }),
  )
})

test('the tree of nothing is sha256 of nothing', () => {
  expect(toHex(merkleRoot([]))).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
})

// Proofs of another implementation, good and broken.
const archive = fileURLToPath(new URL('../../../../shared/vectors/rfc6962/testdata.tar.xz', import.meta.url))

interface InclusionCase {
  leafIdx: number | string
  treeSize: number | string
  root: string
  leafHash: string
  proof: string[] | null
  wantErr: boolean
}
interface ConsistencyCase {
  size1: number | string
  size2: number | string
  root1: string
  root2: string
  proof: string[] | null
  wantErr: boolean
}

const bytes = (text: string): Uint8Array => (/^[0-9a-f]*$/.test(text) && text.length === 64 ? fromHex(text) : fromBase64(text))

test.skipIf(!existsSync(archive)).each([
  ['noble', nobleSha256],
  ['native', (b: Uint8Array) => new Uint8Array(createHash('sha256').update(b).digest())],
] as const)('RFC 6962 vectors, sha256 of %s: inclusion and consistency (skipped where the vectors are absent)', (_name, backend) => {
  const folder = mkdtempSync(join(tmpdir(), 'rfc6962-'))
  execFileSync('tar', ['-xJf', archive, '-C', folder])
  useSha256(backend)
  const counts = { inclusion: 0, consistency: 0 }
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !entry.name.endsWith('.json')) continue
    const path = join(entry.parentPath, entry.name)
    const json = JSON.parse(readFileSync(path, 'utf8')) as InclusionCase | ConsistencyCase
    // proofs of subtrees are of no use here
    if (!('leafIdx' in json || 'size1' in json)) continue
    const proof = (json.proof ?? []).map(bytes)
    const kind = 'leafIdx' in json ? 'inclusion' : 'consistency'
    const ok =
      'leafIdx' in json
        ? verifyInclusion(bytes(json.leafHash), Number(json.leafIdx), Number(json.treeSize), proof, bytes(json.root))
        : verifyConsistency(Number(json.size1), Number(json.size2), bytes(json.root1), bytes(json.root2), proof)
    expect(ok, path).toBe(!json.wantErr)
    counts[kind]++
  }
  useSha256(nobleSha256)
  for (const count of Object.values(counts)) expect(count).toBeGreaterThanOrEqual(98)
})

test('the sides of a path lead to the root, and no other sides do, where index and size could be others', () => {
  for (let size = 1; size <= 40; size++) {
    const hashes = Array.from({ length: size }, (_, i) => leafHash(Uint8Array.of(i)))
    const root = rootOfHashes(hashes)
    hashes.forEach((hash, i) => {
      const path = inclusionPath(hashes, i)
      const full = 2 ** path.length
      const leading = Array.from({ length: full }, (_, sides) => sides).filter((sides) => verifyInclusion(hash, sides, full, path, root))
      expect(leading).toEqual([pathSides(i, size)])
    })
  }
  // What the index alone would leave open.
  const [a, b, c] = [0, 1, 2].map((i) => leafHash(Uint8Array.of(i))) as [Uint8Array, Uint8Array, Uint8Array]
  const root = rootOfHashes([a, b, c])
  const path = inclusionPath([a, b, c], 2)
  expect(verifyInclusion(c, 2, 3, path, root)).toBe(true)
  expect(verifyInclusion(c, 1, 2, path, root)).toBe(true)
  expect(pathSides(2, 3)).toBe(1)
})
