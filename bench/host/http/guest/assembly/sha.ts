// sha-256 (FIPS 180-4) sixteen times, each over the digest before it: the function under measurement, alike for us and for the peers.

const K: usize = memory.data<u32>([
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be,
  0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa,
  0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85,
  0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3,
  0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f,
  0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
])
const W: usize = memory.data(256)
const BLOCK: usize = memory.data(64)
const STATE: usize = memory.data(32)
const HEX: usize = memory.data(64)

/** Where up to 55 bytes of input go. */
export function input(): usize {
  return BLOCK
}

/** Where 64 bytes of hex come out. */
export function output(): usize {
  return HEX
}

function big(n: u32): u32 {
  return bswap<u32>(n)
}

function compress(): void {
  for (let i: usize = 0; i < 16; i++) store<u32>(W + (i << 2), big(load<u32>(BLOCK + (i << 2))))
  for (let i: usize = 16; i < 64; i++) {
    const x = load<u32>(W + ((i - 15) << 2))
    const y = load<u32>(W + ((i - 2) << 2))
    const s0 = rotr(x, 7) ^ rotr(x, 18) ^ (x >> 3)
    const s1 = rotr(y, 17) ^ rotr(y, 19) ^ (y >> 10)
    store<u32>(W + (i << 2), load<u32>(W + ((i - 16) << 2)) + s0 + load<u32>(W + ((i - 7) << 2)) + s1)
  }
  let a = load<u32>(STATE)
  let b = load<u32>(STATE, 4)
  let c = load<u32>(STATE, 8)
  let d = load<u32>(STATE, 12)
  let e = load<u32>(STATE, 16)
  let f = load<u32>(STATE, 20)
  let g = load<u32>(STATE, 24)
  let h = load<u32>(STATE, 28)
  for (let i: usize = 0; i < 64; i++) {
    const s1 = rotr(e, 6) ^ rotr(e, 11) ^ rotr(e, 25)
    const t1 = h + s1 + ((e & f) ^ (~e & g)) + load<u32>(K + (i << 2)) + load<u32>(W + (i << 2))
    const s0 = rotr(a, 2) ^ rotr(a, 13) ^ rotr(a, 22)
    const t2 = s0 + ((a & b) ^ (a & c) ^ (b & c))
    h = g
    g = f
    f = e
    e = d + t1
    d = c
    c = b
    b = a
    a = t1 + t2
  }
  store<u32>(STATE, load<u32>(STATE) + a)
  store<u32>(STATE, load<u32>(STATE, 4) + b, 4)
  store<u32>(STATE, load<u32>(STATE, 8) + c, 8)
  store<u32>(STATE, load<u32>(STATE, 12) + d, 12)
  store<u32>(STATE, load<u32>(STATE, 16) + e, 16)
  store<u32>(STATE, load<u32>(STATE, 20) + f, 20)
  store<u32>(STATE, load<u32>(STATE, 24) + g, 24)
  store<u32>(STATE, load<u32>(STATE, 28) + h, 28)
}

/** One block: `length` (at most 55) bytes and the padding. */
function digest(length: i32): void {
  store<u32>(STATE, 0x6a09e667)
  store<u32>(STATE, 0xbb67ae85, 4)
  store<u32>(STATE, 0x3c6ef372, 8)
  store<u32>(STATE, 0xa54ff53a, 12)
  store<u32>(STATE, 0x510e527f, 16)
  store<u32>(STATE, 0x9b05688c, 20)
  store<u32>(STATE, 0x1f83d9ab, 24)
  store<u32>(STATE, 0x5be0cd19, 28)
  memory.fill(BLOCK + length, 0, 64 - length)
  store<u8>(BLOCK + length, 0x80)
  store<u32>(BLOCK, big((<u32>length) << 3), 60)
  compress()
}

/** Sixteen digests, each over the 32 bytes before it; the first over `length` bytes of input. */
export function run(length: i32): void {
  digest(length)
  for (let i = 1; i < 16; i++) {
    for (let j: usize = 0; j < 32; j += 4) store<u32>(BLOCK + j, big(load<u32>(STATE + j)))
    digest(32)
  }
  for (let i: usize = 0; i < 32; i++) {
    const byte = <u32>(load<u32>(STATE + (i & ~3)) >> <u32>((3 - (i & 3)) << 3)) & 0xff
    const high = byte >> 4
    const low = byte & 15
    store<u8>(HEX + (i << 1), <u8>(high + (high < 10 ? 48 : 87)))
    store<u8>(HEX + (i << 1), <u8>(low + (low < 10 ? 48 : 87)), 1)
  }
}
