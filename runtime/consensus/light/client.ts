/**
 * A light client: follows a chain by one certificate an epoch, and says of a header whether it is final. It holds no keys, no clock and no connection: time is
 * handed in, steps and headers may come from anybody.
 */
import {
  endsEpoch,
  equalBytes,
  headerHash,
  toHex,
  UtnetError,
  type Certificate,
  type Genesis,
  type Header,
  type Validator,
} from '../../core/index.ts'
import { blsFastAggregateVerify, verifyValidator, type FastAggregateVerify } from '../../crypto/index.ts'
import { Certificates } from './certificates.ts'
import type { Final, LightConflict } from './conflict.ts'
import { mustBeFinal, takeStep, type LightChecks, type LightClock, type LightStep } from './step.ts'
import { lightRules, refuse, trustGenesis, trustingPeriodOf, type LightRules, type Trusted } from './trusted.ts'

/** Epochs whose sets are kept behind the newest, to tell an older header from a conflict. */
const EPOCHS_KEPT = 64
const HEADERS_KEPT = 1_024

/** The checks that a light client makes. */
export interface LightCrypto {
  readonly blsFastAggregateVerify: FastAggregateVerify
  verifyValidator(validator: Validator): boolean
}

/** Where trust begins, and how long it lasts. */
export interface LightOptions {
  readonly genesis: Genesis
  /** Where trust begins; the genesis without it. */
  readonly from?: Trusted
  /** The portable door of runtime/crypto without it. */
  readonly crypto?: LightCrypto
  /** Milliseconds; that of the genesis without it. */
  readonly trustingMs?: number
  /** How far a header may be ahead of the clock, milliseconds; 3,000 without it. */
  readonly driftMs?: number
}

export class LightClient {
  readonly rules: LightRules
  readonly #checks: LightChecks
  readonly #times: Omit<LightClock, 'nowMs'>
  /** The newest last; each certifies its epoch. */
  readonly #points: Trusted[]
  readonly #seen = new Map<number, Final & { readonly hash: Uint8Array }>()
  readonly #conflicts: LightConflict[] = []

  /** Throws `light_invalid` for a genesis without a valid set, or a point of another chain. */
  constructor({ genesis, from, crypto = { blsFastAggregateVerify, verifyValidator }, trustingMs, driftMs }: LightOptions) {
    this.rules = lightRules(genesis)
    if (from?.header !== undefined && from.header !== null && !from.header.chainId.equals(this.rules.chainId))
      throw refuse('the point to begin with is of another chain')
    this.#points = [from ?? trustGenesis(genesis, (v) => crypto.verifyValidator(v))]
    const certificates = new Certificates((signature, message, keys) => crypto.blsFastAggregateVerify(signature, message, keys))
    this.#checks = { certificates, verifyValidator: (v) => crypto.verifyValidator(v) }
    this.#times = { trustingMs: trustingMs ?? trustingPeriodOf(this.rules), ...(driftMs === undefined ? {} : { driftMs }) }
  }

  /** The newest trusted point. */
  get trusted(): Trusted {
    return this.#points.at(-1) as Trusted
  }

  /** Two final blocks of one height that were seen. After one the client takes nothing more: whom to believe is for people. */
  get conflicts(): readonly LightConflict[] {
    return this.#conflicts
  }

  /** How many certificates cost a pairing so far: those known already cost none. */
  get pairings(): number {
    return this.#checks.certificates.pairings
  }

  /**
   * Takes a step to a later epoch and returns the point it leads to; a step that was taken before changes nothing. Throws as `takeStep`, and `light_conflict`
   * where the block shown is final and another of its height is trusted.
   */
  follow(step: LightStep, nowMs: number): Trusted {
    this.#mustBeWhole()
    if (step.header.height <= this.trusted.height) {
      this.#compare(step, nowMs)
      return this.trusted
    }
    const next = takeStep(this.rules, this.trusted, step, this.#clock(nowMs), this.#checks)
    const set = endsEpoch(next.height, this.rules.epochBlocks) ? this.trusted.set : next.set
    this.#mustBeAlone(this.#seen.get(next.height), step, next.hash, set)
    this.#points.push(next)
    if (this.#points.length > EPOCHS_KEPT) this.#points.shift()
    this.#remember(step, next.hash)
    return next
  }

  /**
   * The header, once it is shown to be final: of the epoch that the trusted set certifies, of a later one with the same set, or of one gone by that is kept.
   * Throws `light_gap` where steps are missing before it, `light_conflict` where another header of its height is known to be final, and as `takeStep`.
   */
  accept(header: Header, certificate: Certificate, nowMs: number): Header {
    this.#mustBeWhole()
    const final = { header, certificate }
    if (header.height <= this.trusted.height || this.#seen.has(header.height)) {
      this.#compare(final, nowMs)
      return header
    }
    this.#remember(final, mustBeFinal(this.rules, this.trusted, final, this.#clock(nowMs), this.#checks))
    return header
  }

  #clock(nowMs: number): LightClock {
    return { ...this.#times, nowMs }
  }

  #mustBeWhole(): void {
    const [conflict] = this.#conflicts
    if (conflict !== undefined) throw conflictError(conflict)
  }

  /** A header of a height gone by: it is the known one, or final as the known one is, which is a conflict, or nothing. */
  #compare(final: Final, nowMs: number): void {
    const { height } = final.header
    const hash = headerHash(final.header)
    const known = this.#seen.get(height)
    if (known !== undefined && equalBytes(known.hash, hash)) return
    if (this.#points.some((p) => p.height === height && equalBytes(p.hash, hash))) return
    const point = this.#points.findLast((p) => p.height < height)
    if (point === undefined)
      throw new UtnetError('light_gap', `block ${height} is before what this client knows`, {
        hint: 'begin at an earlier point of trust',
        details: { from: this.#points[0]?.height, height },
      })
    mustBeFinal(this.rules, point, final, this.#clock(nowMs), this.#checks)
    this.#mustBeAlone(known, final, hash, point.set)
    this.#remember(final, hash)
  }

  /** Throws where another block of the height is known: both are final, which is a conflict. */
  #mustBeAlone(
    known: (Final & { readonly hash: Uint8Array }) | undefined,
    second: Final,
    hash: Uint8Array,
    set: readonly Validator[],
  ): void {
    if (known === undefined || equalBytes(known.hash, hash)) return
    const first = { header: known.header, certificate: known.certificate }
    this.#conflicts.push({ height: second.header.height, first, second: { header: second.header, certificate: second.certificate }, set })
    this.#mustBeWhole()
  }

  #remember({ header, certificate }: Final, hash: Uint8Array): void {
    this.#seen.set(header.height, { header, certificate, hash })
    if (this.#seen.size <= HEADERS_KEPT) return
    // those that points stand on stay: another block of such a height must never pass for the first
    for (const height of this.#seen.keys()) {
      if (this.#points.some((p) => p.height === height)) continue
      this.#seen.delete(height)
      return
    }
  }
}

function conflictError({ height, first, second }: LightConflict): UtnetError {
  return new UtnetError(
    'light_conflict',
    `two blocks of height ${height} are final: the chain was forked by more than a third of its power`,
    {
      hint: 'ask people that you trust which of them holds, and begin again from there',
      details: { height, first: toHex(headerHash(first.header)), second: toHex(headerHash(second.header)) },
    },
  )
}
