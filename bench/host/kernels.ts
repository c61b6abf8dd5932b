/** Kernels that the meter is measured on, in AssemblyScript, and their compiler. */
import asc from 'assemblyscript/asc'

/** Every export takes a size and gives a checksum. Memory is laid out by hand, so that nothing but the kernel runs. */
const SOURCE = `
const K = memory.data<u32>([
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74,
  0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d,
  0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e,
  0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5,
  0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2])
const W: usize = memory.data(256, 16)
const HEAP: usize = 65536

/** n blocks of 64 bytes through the compression function (FIPS 180-4, 6.2.2). */
export function sha256(n: i32): i32 {
  let h0: u32 = 0x6a09e667, h1: u32 = 0xbb67ae85, h2: u32 = 0x3c6ef372, h3: u32 = 0xa54ff53a
  let h4: u32 = 0x510e527f, h5: u32 = 0x9b05688c, h6: u32 = 0x1f83d9ab, h7: u32 = 0x5be0cd19
  for (let block = 0; block < n; block++) {
    const at = HEAP + ((block & 1023) << 6)
    for (let i = 0; i < 16; i++) store<u32>(W + (i << 2), bswap<u32>(load<u32>(at + (i << 2))))
    for (let i = 16; i < 64; i++) {
      const x = load<u32>(W + ((i - 15) << 2))
      const y = load<u32>(W + ((i - 2) << 2))
      const s0 = rotr<u32>(x, 7) ^ rotr<u32>(x, 18) ^ (x >> 3)
      const s1 = rotr<u32>(y, 17) ^ rotr<u32>(y, 19) ^ (y >> 10)
      store<u32>(W + (i << 2), load<u32>(W + ((i - 16) << 2)) + s0 + load<u32>(W + ((i - 7) << 2)) + s1)
    }
    let a = h0, b = h1, c = h2, d = h3, e = h4, f = h5, g = h6, h = h7
    for (let i = 0; i < 64; i++) {
      const s1 = rotr<u32>(e, 6) ^ rotr<u32>(e, 11) ^ rotr<u32>(e, 25)
      const t1 = h + s1 + ((e & f) ^ (~e & g)) + load<u32>(K + (i << 2)) + load<u32>(W + (i << 2))
      const s0 = rotr<u32>(a, 2) ^ rotr<u32>(a, 13) ^ rotr<u32>(a, 22)
      const t2 = s0 + ((a & b) ^ (a & c) ^ (b & c))
      h = g; g = f; f = e; e = d + t1; d = c; c = b; b = a; a = t1 + t2
    }
    h0 += a; h1 += b; h2 += c; h3 += d; h4 += e; h5 += f; h6 += g; h7 += h
  }
  return h0 ^ h1 ^ h2 ^ h3 ^ h4 ^ h5 ^ h6 ^ h7
}

function fillFloats(at: usize, n: i32): void {
  for (let i = 0; i < n; i++) store<f32>(at + (i << 2), <f32>((i * 7919) & 1023) / 512 - 1)
}

/** n x n times n x n, each sum in a local. */
export function matmul(n: i32): i32 {
  const a = HEAP, b = a + n * n * 4, c = b + n * n * 4
  fillFloats(a, 2 * n * n)
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      let sum: f32 = 0
      for (let k = 0; k < n; k++) sum += load<f32>(a + ((i * n + k) << 2)) * load<f32>(b + ((k * n + j) << 2))
      store<f32>(c + ((i * n + j) << 2), sum)
    }
  }
  return reinterpret<i32>(load<f32>(c + ((n * n - 1) << 2)))
}

/** n heaps of 4,096 integers. */
export function heapsort(n: i32): i32 {
  let seed: u32 = 1
  let sum = 0
  for (let round = 0; round < n; round++) {
    const count = 4096
    for (let i = 0; i < count; i++) {
      seed = seed * 1664525 + 1013904223
      store<i32>(HEAP + (i << 2), <i32>seed >> 1)
    }
    let start = count >> 1
    let end = count
    while (end > 1) {
      if (start > 0) start--
      else {
        end--
        const last = load<i32>(HEAP + (end << 2))
        store<i32>(HEAP + (end << 2), load<i32>(HEAP))
        store<i32>(HEAP, last)
      }
      let root = start
      const value = load<i32>(HEAP + (root << 2))
      for (;;) {
        let child = 2 * root + 1
        if (child >= end) break
        if (child + 1 < end && load<i32>(HEAP + (child << 2)) < load<i32>(HEAP + ((child + 1) << 2))) child++
        const at = load<i32>(HEAP + (child << 2))
        if (value >= at) break
        store<i32>(HEAP + (root << 2), at)
        root = child
      }
      store<i32>(HEAP + (root << 2), value)
    }
    sum ^= load<i32>(HEAP + (round & 4095 << 2))
  }
  return sum
}

/** n stores to places all over 4 MiB. */
export function scatter(n: i32): i32 {
  let x: u32 = 1
  for (let i = 0; i < n; i++) {
    x = x * 1664525 + 1013904223
    store<i32>(HEAP + ((x >> 10) & 0x3ffffc), i)
  }
  return load<i32>(HEAP + 4096)
}

export function fib(n: i32): i32 { return n < 2 ? n : fib(n - 1) + fib(n - 2) }

const VISITS: usize = memory.data(12, 4)
function leaf(node: i32, depth: i32): i32 { return node ^ depth }
function inner(node: i32, depth: i32): i32 { return walk(2 * node + 1, depth - 1) + walk(2 * node + 2, depth - 1) }
function odd(node: i32, depth: i32): i32 { return walk(2 * node + 2, depth - 1) ^ walk(2 * node + 1, depth - 1) }
function walk(node: i32, depth: i32): i32 {
  return call_indirect<i32>(load<u32>(VISITS + ((depth == 0 ? 0 : 1 + (node & 1)) << 2)), node, depth)
}

/** A binary tree of depth n; what a node does is found in a table. */
export function treewalk(n: i32): i32 {
  store<u32>(VISITS, leaf.index)
  store<u32>(VISITS, inner.index, 4)
  store<u32>(VISITS, odd.index, 8)
  return walk(0, n)
}
`

/** What older tools cannot read stands apart. */
const SIMD = `
const HEAP: usize = 65536
function fillFloats(at: usize, n: i32): void {
  for (let i = 0; i < n; i++) store<f32>(at + (i << 2), <f32>((i * 7919) & 1023) / 512 - 1)
}

/** n x n times n x n, sixteen columns at once, their sums in locals; n is a multiple of 16. */
export function matmulSimd(n: i32): i32 {
  const a = HEAP, b = a + n * n * 4, c = b + n * n * 4
  fillFloats(a, 2 * n * n)
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j += 16) {
      let s0 = f32x4.splat(0), s1 = f32x4.splat(0), s2 = f32x4.splat(0), s3 = f32x4.splat(0)
      for (let k = 0; k < n; k++) {
        const x = f32x4.splat(load<f32>(a + ((i * n + k) << 2)))
        const at = b + ((k * n + j) << 2)
        s0 = f32x4.add(s0, f32x4.mul(x, v128.load(at)))
        s1 = f32x4.add(s1, f32x4.mul(x, v128.load(at, 16)))
        s2 = f32x4.add(s2, f32x4.mul(x, v128.load(at, 32)))
        s3 = f32x4.add(s3, f32x4.mul(x, v128.load(at, 48)))
      }
      const to = c + ((i * n + j) << 2)
      v128.store(to, s0)
      v128.store(to, s1, 16)
      v128.store(to, s2, 32)
      v128.store(to, s3, 48)
    }
  }
  return reinterpret<i32>(load<f32>(c + ((n * n - 1) << 2)))
}

/** The same row by row: every step loads a sum, adds to it and stores it. The hard case for canonical NaNs: each store shows one. */
export function matmulRows(n: i32): i32 {
  const a = HEAP, b = a + n * n * 4, c = b + n * n * 4
  fillFloats(a, 2 * n * n)
  memory.fill(c, 0, n * n * 4)
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < n; k++) {
      const x = f32x4.splat(load<f32>(a + ((i * n + k) << 2)))
      for (let j = 0; j < n; j += 4) {
        const to = c + ((i * n + j) << 2)
        v128.store(to, f32x4.add(v128.load(to), f32x4.mul(x, v128.load(b + ((k * n + j) << 2)))))
      }
    }
  }
  return reinterpret<i32>(load<f32>(c + ((n * n - 1) << 2)))
}
`

async function compile(source: string, flags: readonly string[]): Promise<Uint8Array> {
  let binary: Uint8Array | undefined
  const { error, stderr } = await asc.main(
    ['kernels.ts', '-O3', '--runtime', 'stub', '--noAssert', '--initialMemory', '128', '-o', 'kernels.wasm', ...flags],
    {
      readFile: (name) => (name === 'kernels.ts' ? source : null),
      writeFile: (_, content) => void (content instanceof Uint8Array && (binary = content)),
      listFiles: () => [],
    },
  )
  if (error !== null || binary === undefined) throw new Error(`the kernels do not compile: ${stderr.toString()}`)
  return binary
}

const NO_ABORT = ['--use', 'abort=']
/** Off, for the peer's sake: it knows WebAssembly 1.0 only. */
const MVP = ['bulk-memory', 'sign-extension', 'nontrapping-f2i', 'mutable-globals'].flatMap((name) => ['--disable', name])

/** Sizes are set so that one call takes a few milliseconds. */
export const KERNELS = {
  sha256: 8_000,
  matmul: 128,
  scatter: 1_000_000,
  heapsort: 8,
  fib: 27,
  treewalk: 17,
} as const
export const SIMD_KERNELS = { matmulSimd: 256, matmulRows: 192 } as const

export const compileKernels = (): Promise<Uint8Array> => compile(SOURCE, [...NO_ABORT, ...MVP])
export const compileSimdKernels = (): Promise<Uint8Array> => compile(SIMD, [...NO_ABORT, '--enable', 'simd'])
