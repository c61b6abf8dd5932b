/**
 * A sealed guest as a file (U2.1-ISE-1): a component that rests and travels encrypted, and opens on the chips that its policy names.
 *
 * The domain `utnet/sealed-guest/1\0`, then a canonical dag-cbor map: `policy` (the policy's own canonical bytes), `wrapped` (of each chip of the
 * policy, in its order: HPKE encapsulation and the wrapped content key), `sealed` (AES-256-GCM of the component). Domain and policy are
 * the additional data of the wrapped keys, and with all of those that of the component: nothing opens beside a part that was changed.
 */
import {
  abytes,
  asArray,
  asBytes,
  asCid,
  asMap,
  asText,
  CID,
  compareBytes,
  concatBytes,
  decode,
  domain,
  encode,
  equalBytes,
  type Cbor,
} from '../codec/index.ts'
import { limitError, UtnetError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import type { World } from '../ports.ts'

/** Worlds that one node runs: a contract is run by every validator, so it cannot be sealed. */
const WORLDS: readonly string[] = ['function', 'operator', 'command', 'library'] satisfies readonly World[]

/** What a sealed guest may be opened for. */
export interface SealPolicy {
  /** CID of the component inside. */
  readonly module: CID
  readonly world: World
  /** The chain on which it may run; null: on any. */
  readonly chain: CID | null
  /** X25519 keys of the chips that may open it, ascending, none twice. */
  readonly chips: readonly Uint8Array[]
}

/** The content key for one chip (RFC 9180, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM). */
export interface WrappedKey {
  /** 32 bytes. */
  readonly enc: Uint8Array
  /** 32 bytes of key and 16 of tag. */
  readonly key: Uint8Array
}

/** The file, read: nothing of it is opened. */
export interface SealedGuest {
  readonly policy: SealPolicy
  /** What the wrapped keys authenticate: domain and canonical policy. */
  readonly bound: Uint8Array
  /** One for each chip of the policy, in its order. */
  readonly wrapped: readonly WrappedKey[]
  readonly sealed: Uint8Array
}

const MAGIC = domain('sealed-guest')
const ENC_BYTES = 32
const WRAPPED_BYTES = 48

/** True when bytes begin as a sealed guest does. */
export function isSealedGuest(bytes: Uint8Array): boolean {
  return bytes.length > MAGIC.length && equalBytes(bytes.subarray(0, MAGIC.length), MAGIC)
}

/** What the wrapped keys authenticate beside what they wrap. */
export function sealBound(policy: SealPolicy): Uint8Array {
  const { module, world, chain, chips } = policy
  return concatBytes(MAGIC, encode({ module, world, chain, chips: [...chips] }))
}

const keysCbor = (wrapped: readonly WrappedKey[]): Cbor =>
  wrapped.map(({ enc, key }) => [abytes(enc, ENC_BYTES, 'enc'), abytes(key, WRAPPED_BYTES, 'wrapped key')])

/** What the sealed component authenticates beside itself: all the rest of the file. */
export function sealedBound(policy: SealPolicy, wrapped: readonly WrappedKey[]): Uint8Array {
  return concatBytes(sealBound(policy), encode(keysCbor(wrapped)))
}

/** The file of a sealed guest. Throws `core_bad_argument` for parts that do not fit together. */
export function encodeSealedGuest({ policy, wrapped, sealed }: Omit<SealedGuest, 'bound'>): Uint8Array {
  if (wrapped.length !== policy.chips.length)
    throw new UtnetError('core_bad_argument', `${wrapped.length} wrapped keys do not fit ${policy.chips.length} chips`)
  return concatBytes(MAGIC, encode({ policy: sealBound(policy).subarray(MAGIC.length), wrapped: keysCbor(wrapped), sealed }))
}

const broken = (what: string): UtnetError =>
  new UtnetError('seal_broken', what, { hint: 'ask whoever sealed the guest for an unchanged copy' })

function readPolicy(bytes: Uint8Array): SealPolicy {
  const map = asMap(decode(bytes, 'seal policy'), ['module', 'world', 'chain', 'chips'], 'seal policy')
  const world = asText(map['world'], 'world')
  if (!WORLDS.includes(world)) throw broken(`a ${world.slice(0, 40)} cannot be sealed`)
  const chips = asArray(map['chips'], 'chips').map((chip) => asBytes(chip, 'chip', 32))
  if (chips.length === 0) throw broken('the policy names no chip')
  if (chips.length > LIMITS.sealChips) throw limitError('seal_broken', 'sealChips', chips.length, LIMITS.sealChips, 'chips of the policy')
  for (let i = 1; i < chips.length; i++)
    if (compareBytes(chips[i - 1] as Uint8Array, chips[i] as Uint8Array) >= 0) throw broken('the chips of the policy are not ascending')
  return {
    module: asCid(map['module'], 'module'),
    world: world as World,
    chain: map['chain'] === null ? null : asCid(map['chain'], 'chain'),
    chips,
  }
}

/** The parts of a sealed guest's file, none of them proven yet. Throws `seal_broken`. */
export function readSealedGuest(file: Uint8Array): SealedGuest {
  if (!isSealedGuest(file)) throw broken('the bytes are no sealed guest')
  try {
    const map = asMap(decode(file.subarray(MAGIC.length), 'sealed guest'), ['policy', 'wrapped', 'sealed'], 'sealed guest')
    const policy = readPolicy(asBytes(map['policy'], 'policy'))
    const wrapped = asArray(map['wrapped'], 'wrapped keys', policy.chips.length).map((item) => {
      const [enc, key] = asArray(item, 'wrapped key', 2)
      return { enc: asBytes(enc, 'enc', ENC_BYTES), key: asBytes(key, 'wrapped key', WRAPPED_BYTES) }
    })
    return { policy, bound: sealBound(policy), wrapped, sealed: asBytes(map['sealed'], 'sealed component') }
  } catch (cause) {
    if (cause instanceof UtnetError && cause.code === 'seal_broken') throw cause
    throw new UtnetError('seal_broken', `the sealed guest cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`, {
      hint: 'ask whoever sealed the guest for an unchanged copy',
      cause,
    })
  }
}
