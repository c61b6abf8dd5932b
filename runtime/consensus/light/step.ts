/**
 * One step of a light client: from the set that it trusts to that of a later epoch. A step to the next epoch shows the last header of the trusted one; a jump
 * shows any other header of a later epoch, and needs more than 1/3 of the trusted power besides.
 */
import {
  applyPowerDelta,
  asArray,
  asBytes,
  asUint,
  decode,
  decodeCertificate,
  decodeHeader,
  decodePowerDelta,
  encode,
  encodeCertificate,
  encodeHeader,
  encodePowerDelta,
  endsEpoch,
  epochOf,
  equalBytes,
  headerHash,
  lastHeightOf,
  isKnownProtocol,
  LIMITS,
  ownerOf,
  powerRoot,
  signersOf,
  toHex,
  totalPower,
  UtnetError,
  type Certificate,
  type Header,
  type PowerDelta,
  type Validator,
} from '../../core/index.ts'
import type { Certificates } from './certificates.ts'
import { mustBeSet, refuse, trustingPeriodOf, type LightRules, type Trusted } from './trusted.ts'

/** How far a header's time may lie ahead of the own clock (W-CLK-1), milliseconds: as far as validators let it. */
export const DRIFT_MS = 3_000

/** One step, as a node gives it. */
export interface LightStep {
  readonly header: Header
  readonly certificate: Certificate
  /** From the set trusted before to the one that the header commits to. */
  readonly delta: PowerDelta
}

/** What time it is, and how long a point is believed. */
export interface LightClock {
  /** Own clock, milliseconds since 1970. */
  readonly nowMs: number
  /** `trustingPeriodOf(rules)` without it. */
  readonly trustingMs?: number
  /** `DRIFT_MS` without it. */
  readonly driftMs?: number
}

/** What checks are made with. */
export interface LightChecks {
  readonly certificates: Certificates
  /** Shows that the vote key of a member that joins is its own (against rogue keys). */
  verifyValidator(validator: Validator): boolean
}

/** Canonical bytes of a step. */
export function encodeStep(step: LightStep): Uint8Array {
  return encode([1, encodeHeader(step.header), encodeCertificate(step.certificate), encodePowerDelta(step.delta)])
}

/** The step of its bytes; whether it holds, `takeStep` says. */
export function decodeStep(bytes: Uint8Array): LightStep {
  const list = asArray(decode(bytes, 'epoch step', LIMITS.powerDeltaBytes + 128 * 1024), 'epoch step', 4)
  if (asUint(list[0], 'version') !== 1) throw refuse('an epoch step of an unknown version')
  return {
    header: decodeHeader(asBytes(list[1], 'header')),
    certificate: decodeCertificate(asBytes(list[2], 'certificate')),
    delta: decodePowerDelta(asBytes(list[3], 'power delta')),
  }
}

/** Throws `light_expired` when a point is older than the trusting period: its validators may have taken their bonds away and sold their keys. */
export function mustBeFresh(rules: LightRules, point: Trusted, { nowMs, trustingMs = trustingPeriodOf(rules) }: LightClock): void {
  if (nowMs - point.time <= trustingMs) return
  throw new UtnetError('light_expired', `the trusted block ${point.height} is older than the trusting period of ${trustingMs} ms`, {
    hint: 'name a newer checkpoint that you trust',
    details: { height: point.height, time: point.time, trustingMs },
  })
}

/** What any header behind a point must be: of the chain, of a known protocol, higher and later, and not of the future. */
export function mustFollow(rules: LightRules, point: Trusted, header: Header, { nowMs, driftMs = DRIFT_MS }: LightClock): void {
  if (!header.chainId.equals(rules.chainId)) throw refuse('the header is of another chain')
  if (!isKnownProtocol(header.protocol)) throw refuse(`the header is of protocol ${header.protocol}, which is not known here`)
  if (header.height <= point.height) throw refuse(`the header of height ${header.height} is not above the trusted one of ${point.height}`)
  if (header.time <= point.time) throw refuse('the header is not later than the trusted one')
  if (header.time - nowMs > driftMs)
    throw new UtnetError('light_future', `the header of height ${header.height} is ${header.time - nowMs} ms ahead of the clock`, {
      hint: 'set the clock of this machine, or wait',
    })
}

/** Who certified a header is also who it was drawn from: throws `light_invalid` unless the proposer owns the unit that the header names. */
export function mustBeDrawn(header: Header, set: readonly Validator[]): void {
  const total = totalPower(set)
  if (header.kappa >= total) throw refuse(`block ${header.height} draws unit ${header.kappa} of ${total}`)
  if (!equalBytes(ownerOf(header.kappa, set).key, header.proposer))
    throw refuse(`block ${header.height} was not proposed by the owner of the unit drawn`)
}

/**
 * Power of a trusted set that signed and counts still: of its members that signed under the vote key they are trusted under, the lesser of their power then and
 * in the set of the certificate.
 */
export function overlapOf(trusted: readonly Validator[], set: readonly Validator[], certificate: Certificate): bigint {
  const before = new Map(trusted.map((v) => [toHex(v.key), v]))
  let power = 0n
  for (const signer of signersOf(certificate, set)) {
    const known = before.get(toHex(signer.key))
    if (known !== undefined && equalBytes(known.bls, signer.bls)) power += BigInt(Math.min(known.power, signer.power))
  }
  return power
}

/** True when an overlap is more than a third of a trusted set's power: then one honest validator with its bond at stake vouches for the header and its set. */
export function overlapHolds(trusted: readonly Validator[], overlap: bigint): boolean {
  return overlap * 3n > BigInt(totalPower(trusted))
}

/** Members of a set whose keys are not trusted yet. */
export function newcomersOf(trusted: readonly Validator[], set: readonly Validator[]): readonly Validator[] {
  const known = new Set(trusted.map((v) => `${toHex(v.key)}${toHex(v.bls)}`))
  return set.filter((v) => !known.has(`${toHex(v.key)}${toHex(v.bls)}`))
}

/** A jump leaves out what it may not. */
const gap = ({ height, epoch }: Trusted, why: string): UtnetError =>
  new UtnetError('light_gap', why, { hint: 'follow the epochs between one by one', details: { from: height, epoch } })

/** Gives the members that a jump brings. */
function mustBeJump(
  rules: LightRules,
  point: Trusted,
  { header, certificate }: LightStep,
  set: readonly Validator[],
): readonly Validator[] {
  // The last header of an epoch names the next one's set: who certified it stands nowhere in it.
  if (endsEpoch(header.height, rules.epochBlocks)) throw gap(point, `the step to block ${header.height} leaves out epoch ${point.epoch}`)
  if (header.height - point.height > rules.trustingBlocks)
    throw gap(point, `block ${header.height} is more than ${rules.trustingBlocks} blocks behind the trusted one`)
  const overlap = overlapOf(point.set, set, certificate)
  if (!overlapHolds(point.set, overlap))
    throw gap(point, `${overlap} of the ${totalPower(point.set)} power that is trusted signed; a jump needs more than a third`)
  // who shows a jump has its client check a proof of each: it says who signed, and nothing of it is checked yet
  const newcomers = newcomersOf(point.set, set)
  if (newcomers.length > LIMITS.jumpNewcomers)
    throw gap(point, `${newcomers.length} members join by a jump; it may bring ${LIMITS.jumpNewcomers}`)
  return newcomers
}

/** Nobody vouches for the keys that a jump brings: one made up from the others' would sign for them all. Each shows that its vote key is its own. */
function mustBeProven(newcomers: readonly Validator[], checks: LightChecks): void {
  for (const member of newcomers)
    if (!checks.verifyValidator(member)) throw refuse(`member ${toHex(member.key)} has no proof of its vote key`)
}

/** The set after a step, as its delta makes it; throws `light_invalid`. */
function setAfter(point: Trusted, delta: PowerDelta): Validator[] {
  try {
    return applyPowerDelta(point.set, delta)
  } catch (cause) {
    throw new UtnetError('light_invalid', cause instanceof Error ? cause.message : 'the power delta does not fit', { cause })
  }
}

/**
 * Takes a step. Throws `light_expired`, `light_future`, `light_gap` where it leaves out what it may not, and `light_invalid` or `chain_invalid` for anything
 * in it that does not hold. The point given stays as it is.
 */
export function takeStep(rules: LightRules, point: Trusted, step: LightStep, clock: LightClock, checks: LightChecks): Trusted {
  const { header, certificate, delta } = step
  mustBeFresh(rules, point, clock)
  mustFollow(rules, point, header, clock)
  const set = setAfter(point, delta)
  mustBeSet(set)
  const power = powerRoot(set)
  if (!equalBytes(power, header.power)) throw refuse('the power delta does not give the set that the header commits to')
  const hash = headerHash(header)
  if (header.height === lastHeightOf(point.epoch, rules.epochBlocks)) {
    mustBeDrawn(header, point.set)
    checks.certificates.mustHold(rules.chainId, header, hash, certificate, point.set, point.power)
  } else {
    if (epochOf(header.height, rules.epochBlocks) === point.epoch)
      throw refuse(`block ${header.height} does not end epoch ${point.epoch}: there is no step to it`)
    const newcomers = mustBeJump(rules, point, step, set)
    mustBeDrawn(header, set)
    checks.certificates.mustHold(rules.chainId, header, hash, certificate, set, power)
    mustBeProven(newcomers, checks)
  }
  return { height: header.height, time: header.time, header, hash, epoch: epochOf(header.height + 1, rules.epochBlocks), set, power }
}

/**
 * Throws unless a header behind a point, once certified by the point's set, is final: it is of the point's epoch, or of a later one and commits to the very same
 * set. Codes as `takeStep`; `light_gap` says that steps are missing before it.
 */
export function mustBeReached(rules: LightRules, point: Trusted, header: Header, clock: LightClock): void {
  mustBeFresh(rules, point, clock)
  mustFollow(rules, point, header, clock)
  const last = endsEpoch(header.height, rules.epochBlocks)
  const same = equalBytes(header.power, point.power)
  const epoch = epochOf(header.height, rules.epochBlocks)
  if (epoch === point.epoch) {
    if (!last && !same) throw refuse('the header commits to another validator set than its epoch has')
  } else if (last || !same || header.height - point.height > rules.trustingBlocks) {
    throw new UtnetError('light_gap', `block ${header.height} is of epoch ${epoch}, and the trusted set is that of epoch ${point.epoch}`, {
      hint: 'follow the epochs between',
      details: { from: point.height, epoch: point.epoch },
    })
  }
  mustBeDrawn(header, point.set)
}

/** As `mustBeReached`, and throws `chain_invalid` unless the certificate holds. Returns the header's hash. */
export function mustBeFinal(
  rules: LightRules,
  point: Trusted,
  { header, certificate }: Pick<LightStep, 'header' | 'certificate'>,
  clock: LightClock,
  checks: LightChecks,
): Uint8Array {
  mustBeReached(rules, point, header, clock)
  const hash = headerHash(header)
  checks.certificates.mustHold(rules.chainId, header, hash, certificate, point.set, point.power)
  return hash
}
