/** The root of trust: a genesis that the user names, or a later block of its chain that the user trusts. Everything else is compared with it. */
import { chainIdOf, CID, decodeGenesis, encodeGenesis, equalBytes, type Genesis } from '../core/index.ts'
import { verifyValidator } from '../crypto/index.ts'
import {
  decodeTrusted,
  lightRules,
  mustBeFresh,
  trustGenesis,
  trustingPeriodOf,
  type LightClock,
  type LightRules,
  type Trusted,
} from '../consensus/light/index.ts'
import { fail, must, type Found } from './checks.ts'

/** What the user trusts, and from when. */
export interface TrustOptions {
  /** The genesis of every chain that the user trusts, or its canonical bytes. */
  readonly trust: readonly (Genesis | Uint8Array)[]
  /** Later points of these chains that the user trusts: canonical bytes as `encodeTrusted` of the light client gives them. */
  readonly checkpoints?: readonly Uint8Array[]
  /**
   * Milliseconds since 1970. With it, a proof whose root of trust is older than the trusting period fails: validators of long ago may have sold their keys. And
   * none may be of a block ahead of this clock.
   */
  readonly now?: number
  /** Without it, with `now`: that of the genesis; a development chain has none. */
  readonly trustingPeriodMs?: number
}

export interface Root {
  readonly chainId: CID
  readonly genesis: Genesis
  readonly rules: LightRules
  /** Where the epoch chain begins. */
  readonly start: Trusted
}

/** Sets of genesis files that were admitted before: a proof of possession takes a tenth of a second. */
const admitted = new Map<string, Trusted | null>()
const ADMITTED_MAX = 64

function admit(id: string, genesis: Genesis): Trusted | null {
  const known = admitted.get(id)
  if (known !== undefined) return known
  let point: Trusted | null = null
  try {
    point = trustGenesis(genesis, verifyValidator)
  } catch {
    // no set
  }
  if (admitted.size >= ADMITTED_MAX) admitted.clear()
  admitted.set(id, point)
  return point
}

/** Undefined when it is no genesis: another one in the list may still be the right one. */
function readGenesis(named: Genesis | Uint8Array): Genesis | undefined {
  try {
    return decodeGenesis(named instanceof Uint8Array ? named : encodeGenesis(named))
  } catch {
    return undefined
  }
}

/** The point of a hash among those that the user trusts. */
function findCheckpoint(rules: LightRules, hash: Uint8Array, options: TrustOptions): Trusted | undefined {
  for (const bytes of options.checkpoints ?? []) {
    try {
      const point = decodeTrusted(rules, bytes)
      if (equalBytes(point.hash, hash)) return point
    } catch {
      // of another chain, or none: another one in the list may still be the right one
    }
  }
  return undefined
}

/** The clock of the options, for the light client; without `now` time does not count. */
export function clockOf(options: TrustOptions, rules: LightRules): LightClock {
  const { now, trustingPeriodMs = rules.dev ? Number.POSITIVE_INFINITY : trustingPeriodOf(rules) } = options
  return now === undefined
    ? { nowMs: 0, trustingMs: Number.POSITIVE_INFINITY, driftMs: Number.POSITIVE_INFINITY }
    : { nowMs: now, trustingMs: trustingPeriodMs }
}

/** Finds the root of trust of a proof: the genesis of its chain (`from` null), or the trusted block of that hash. */
export function findRoot(chainId: CID, from: Uint8Array | null, options: TrustOptions): Found<Root> {
  for (const named of options.trust) {
    const genesis = readGenesis(named)
    if (genesis === undefined || !chainIdOf(genesis).equals(chainId)) continue
    const rules = lightRules(genesis)
    const first = admit(chainId.toString(), genesis)
    must(first !== null, 'a validator of the trusted genesis has a bad key or no proof of possession, or they are no set')
    const start = from === null ? first : findCheckpoint(rules, from, options)
    must(
      start !== undefined,
      'the proof begins at a block that you do not trust: name it as a checkpoint, or take a proof from the genesis',
    )
    mustBeFresh(rules, start, clockOf(options, rules))
    const kind = genesis.dev ? 'a development chain: its results are worth what its maker is' : `${genesis.validators.length} validators`
    const where = from === null ? '' : `, from block ${start.height}`
    return [{ chainId, genesis, rules, start }, `chain "${genesis.name}" (${kind})${where}`]
  }
  return fail(`chain ${chainId.toString()} is not one that you trust: name its genesis`)
}
