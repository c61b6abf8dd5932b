/** Seals a component for chips, and opens it again in memory (U2.1-ISE-1). */
import {
  compareBytes,
  encodeSealedGuest,
  equalBytes,
  fileCid,
  isSealedGuest,
  readSealedGuest,
  sealBound,
  sealedBound,
  toHex,
  UtnetError,
  type CID,
  type ChipKey,
  type GuestInfo,
  type SealPolicy,
  type World,
} from '../../core/index.ts'
import { seal, unseal, wrapKey } from '../../crypto/native.ts'

/** What is sealed, for whom, and where it may open. */
export interface SealRequest {
  readonly component: Uint8Array
  readonly world: World
  /** X25519 keys, 32 bytes each, in any order. */
  readonly chips: readonly Uint8Array[]
  /** Undefined: on any chain. */
  readonly chain?: CID
  readonly random: (length: number) => Uint8Array
}

/** The file of a sealed guest. Throws `seal_broken` for a policy that no node would open. */
export async function sealGuest({ component, world, chips, chain, random }: SealRequest): Promise<Uint8Array> {
  const ascending = chips.toSorted(compareBytes).filter((chip, i, all) => i === 0 || !equalBytes(chip, all[i - 1] as Uint8Array))
  const policy: SealPolicy = { module: fileCid(component), world, chain: chain ?? null, chips: ascending }
  const bound = sealBound(policy)
  const key = random(32)
  const wrapped = await Promise.all(ascending.map((chip) => wrapKey(chip, key, bound)))
  const file = encodeSealedGuest({ policy, wrapped, sealed: seal(key, component, sealedBound(policy, wrapped)) })
  // What cannot be read again is not handed out
  readSealedGuest(file)
  return file
}

/** A sealed guest, opened. */
export interface OpenedGuest {
  /** Never stored, sent or logged. */
  readonly component: Uint8Array
  readonly policy: SealPolicy
}

/** The component inside. Throws `seal_not_authorised` where this chip or chain may not open it, `seal_broken` where a byte or the policy was changed. */
export async function openGuest(file: Uint8Array, chip: ChipKey | undefined, chain: CID | undefined): Promise<OpenedGuest> {
  const { policy, bound, wrapped, sealed } = readSealedGuest(file)
  const place = chip === undefined ? -1 : policy.chips.findIndex((key) => equalBytes(key, chip.publicKey))
  const mine = wrapped[place]
  if (chip === undefined)
    throw new UtnetError('seal_not_authorised', 'the guest is sealed, and only the nodes that it is sealed for can run it', {
      hint: 'all but the run can be checked without a chip: utnet verify ID',
    })
  if (mine === undefined)
    throw new UtnetError('seal_not_authorised', 'the guest is sealed for other chips than this node has', {
      hint: `seal it for this node: utnet seal FILE --for x25519:${toHex(chip.publicKey)}`,
    })
  if (policy.chain !== null && (chain === undefined || !policy.chain.equals(chain)))
    throw new UtnetError('seal_not_authorised', `the guest is sealed for the chain ${policy.chain.toString()}`, {
      hint: 'use a node of that chain',
    })
  const key = await chip.unwrap(mine.enc, mine.key, bound)
  const component = key === undefined ? undefined : unseal(key, sealed, sealedBound(policy, wrapped))
  if (component === undefined || !fileCid(component).equals(policy.module)) {
    throw new UtnetError('seal_broken', 'the sealed guest or its policy was changed', {
      hint: 'ask whoever sealed the guest for an unchanged copy',
    })
  }
  return { component, policy }
}

/** Who opens sealed guests: the chip of a node on its chain. */
export interface Opener {
  readonly chip?: ChipKey
  readonly chainId?: CID
}

/**
 * The component of a guest as it is stored, opened in memory where it is sealed. `named` gives what was made of it the module id of what was deployed,
 * which is what a receipt names; it throws `guest_world` where it was sealed as another world.
 */
export async function unsealed(
  file: Uint8Array,
  { chip, chainId }: Opener,
): Promise<{ readonly component: Uint8Array; readonly named: <G extends { readonly info: GuestInfo }>(guest: G) => G }> {
  if (!isSealedGuest(file)) return { component: file, named: (guest) => guest }
  const { component, policy } = await openGuest(file, chip, chainId)
  const named = <G extends { readonly info: GuestInfo }>(guest: G): G => {
    const { world } = guest.info
    if (world !== policy.world)
      throw new UtnetError('guest_world', `a ${world} was sealed as a ${policy.world}`, { hint: 'seal it again: utnet seal' })
    return { ...guest, info: { ...guest.info, module: fileCid(file) } }
  }
  return { component, named }
}
