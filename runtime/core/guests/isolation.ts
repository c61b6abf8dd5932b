/**
 * What keeps a guest and its operator apart (U2.2-VIE-1): every execution names its class, and a class of hardware counts only with a quote that a
 * back-end for that class has verified.
 */
import { abytes, digest } from '../codec/index.ts'

/** Classes of hardware that a back-end can claim: Intel SGX, ARM TrustZone, MIPS TrustZone, RISC-V physical memory protection. */
export const HARDWARE_CLASSES = ['sgx', 'arm-trustzone', 'mips-trustzone', 'riscv-pmp'] as const
/** A class that counts only with a quote. */
export type HardwareClass = (typeof HARDWARE_CLASSES)[number]
/** `wasm-software`: the guest cannot get out of its sandbox; the node's operator sees and can change all of it. */
export type IsolationClass = 'wasm-software' | HardwareClass

/** What a node says of where its guests run. */
export type IsolationClaim =
  | { readonly class: 'wasm-software' }
  /** `quote`: the hardware's own statement, in the form of its maker, over `quoteSubject`. */
  | { readonly class: HardwareClass; readonly quote: Uint8Array }

/** A back-end: knows how one class of hardware attests. This build brings none. */
export interface IsolationVerifier {
  readonly class: HardwareClass
  /** True when the quote is genuine, from hardware of the class, and over these 32 bytes. Throws nothing on a bad quote. */
  verify(quote: Uint8Array, subject: Uint8Array): Promise<boolean>
}

/** What a quote must be over: the node's key (32 bytes) and a challenge, so that no quote serves another node or another time. */
export function quoteSubject(node: Uint8Array, challenge: Uint8Array): Uint8Array {
  return digest('isolation', abytes(node, 32, 'node'), abytes(challenge, 32, 'challenge'))
}

/** The verdict on a claim: hardware without a back-end that confirms it is not believed. */
export async function checkIsolation(
  claim: IsolationClaim,
  subject: Uint8Array,
  verifiers: readonly IsolationVerifier[] = [],
): Promise<{ readonly ok: boolean; readonly detail: string }> {
  if (claim.class === 'wasm-software') return { ok: true, detail: 'wasm-software: a sandbox, no hardware' }
  if (!(HARDWARE_CLASSES as readonly string[]).includes(claim.class))
    return { ok: false, detail: `${String(claim.class)} is no isolation class` }
  const verifier = verifiers.find((v) => v.class === claim.class)
  if (verifier === undefined) return { ok: false, detail: `${claim.class}: this build has no back-end that can check it` }
  const ok = await verifier.verify(abytes(claim.quote, undefined, 'quote'), abytes(subject, 32, 'subject'))
  return { ok, detail: ok ? `${claim.class}: the quote is genuine` : `${claim.class}: the quote does not hold` }
}
