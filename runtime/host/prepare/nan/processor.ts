/**
 * What a processor makes of a NaN that is promoted or demoted. WebAssembly leaves it open (core specification, 4.3.3, `nans`), and guests see its bits: so it
 * is a rule here, the one of x86 and Arm. The sign stays, the NaN becomes a quiet one, the upper bits of its payload stay. A processor that
 * does otherwise (RISC-V gives its default NaN) cannot run guests: a node there would disagree with all others.
 */
import { UtnetError } from '../../../core/index.ts'
import { OP, SECTION, Writer } from '../../wasm/index.ts'

/** Bits of a NaN of 32 bits, promoted. */
export const promotedNan = (bits: number): bigint =>
  (BigInt(bits >>> 31) << 63n) | 0x7ff8_0000_0000_0000n | (BigInt(bits & 0x3f_ffff) << 29n)

/** Bits of a NaN of 64 bits, demoted. */
export const demotedNan = (bits: bigint): number => Number((((bits >> 63n) & 1n) << 31n) | 0x7fc0_0000n | ((bits >> 29n) & 0x3f_ffffn))

/** From bits to bits, as scalars and in every lane. */
export interface Conversions {
  readonly promote: (bits: number) => bigint
  readonly promoteLane: (bits: number) => bigint
  readonly demote: (bits: bigint) => number
  readonly demoteLane: (bits: bigint) => number
}

const [I32, I64] = [0x7f, 0x7e]
/** Each reinterprets or splats its parameter, converts, and gives bits. */
const BODIES: Readonly<Record<keyof Conversions, readonly number[]>> = {
  promote: [0xbe, 0xbb, 0xbd],
  promoteLane: [0xfd, 17, 0xfd, 95, 0xfd, 29, 1],
  demote: [0xbf, 0xb6, 0xbc],
  demoteLane: [0xfd, 18, 0xfd, 94, 0xfd, 27, 1],
}

/** The engine's own conversions on this processor. */
export function ownConversions(): Conversions {
  const names = Object.keys(BODIES) as (keyof Conversions)[]
  const exports = new Writer().u32(names.length)
  const code = new Writer().u32(names.length)
  names.forEach((name, i) => {
    exports.name(name).u8(0, i)
    const body = [0, OP.localGet, 0, ...BODIES[name], OP.end]
    code.u32(body.length).u8(...body)
  })
  const bytes = new Writer()
    .u8(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0)
    .section(SECTION.type, Uint8Array.of(2, 0x60, 1, I32, 1, I64, 0x60, 1, I64, 1, I32))
    .section(SECTION.function, Uint8Array.of(4, 0, 0, 1, 1))
    .section(SECTION.export, exports)
    .section(SECTION.code, code)
    .bytes()
  return new WebAssembly.Instance(new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>)).exports as unknown as Conversions
}

/** Quiet and signalling, of both signs, canonical and with a payload that each width has. */
const NANS32 = [0x7fc0_0000, 0xffc0_0000, 0x7f80_0001, 0xff80_0001, 0x7fd5_5555, 0xffaa_aaaa]
const NANS64 = [0x7ff8_0000_0000_0000n, 0xfff8_0000_0000_0000n, 0x7ff0_0000_0000_0001n, 0xfff0_0000_2000_0000n, 0x7ffa_aaaa_aaaa_aaaan]

/** Throws `host_fault` on a processor that converts NaNs by another rule. */
export function checkProcessor(own: Conversions = ownConversions()): void {
  const wide = (convert: (bits: number) => bigint): boolean =>
    NANS32.every((bits) => BigInt.asUintN(64, convert(bits | 0)) === promotedNan(bits))
  const narrow = (convert: (bits: bigint) => number): boolean =>
    NANS64.every((bits) => convert(BigInt.asIntN(64, bits)) >>> 0 === demotedNan(bits))
  if (wide(own.promote) && wide(own.promoteLane) && narrow(own.demote) && narrow(own.demoteLane)) return
  throw new UtnetError(
    'host_fault',
    'this processor converts NaNs between f32 and f64 by another rule than the protocol: run the node on x86-64 or 64-bit Arm',
  )
}
