/** The root of trust: a genesis that the user names. Everything else is compared with it. */
import { chainIdOf, CID, decodeGenesis, encodeGenesis, powerRoot, type Genesis } from '../core/index.ts'
import { verifyValidator } from '../crypto/index.ts'
import { fail, must, type Found } from './checks.ts'

export interface TrustOptions {
  /** The genesis of every chain that the user trusts, or its canonical bytes. */
  readonly trust: readonly (Genesis | Uint8Array)[]
  /** Milliseconds since 1970; with `trustingPeriodMs`, proofs whose last block is older are refused: validators of long ago may have sold their keys. */
  readonly now?: number
  readonly trustingPeriodMs?: number
}

export interface Root {
  readonly chainId: CID
  readonly genesis: Genesis
  readonly power: Uint8Array
}

/** Chains whose validators were admitted before: a proof of possession takes a tenth of a second. */
const admitted = new Map<string, boolean>()
const ADMITTED_MAX = 64

function admits(id: string, genesis: Genesis): boolean {
  const known = admitted.get(id)
  if (known !== undefined) return known
  const ok = genesis.validators.length > 0 && genesis.validators.every(verifyValidator)
  if (admitted.size >= ADMITTED_MAX) admitted.clear()
  admitted.set(id, ok)
  return ok
}

/** Undefined when it is no genesis: another one in the list may still be the right one. */
function readGenesis(named: Genesis | Uint8Array): Genesis | undefined {
  try {
    return decodeGenesis(named instanceof Uint8Array ? named : encodeGenesis(named))
  } catch {
    return undefined
  }
}

/** Finds the trusted genesis of a chain id. */
export function findRoot(chainId: CID, options: TrustOptions): Found<Root> {
  for (const named of options.trust) {
    const genesis = readGenesis(named)
    if (genesis === undefined || !chainIdOf(genesis).equals(chainId)) continue
    must(admits(chainId.toString(), genesis), 'a validator of the trusted genesis has a bad key or no proof of possession')
    const kind = genesis.dev ? 'a development chain: its results are worth what its maker is' : `${genesis.validators.length} validators`
    return [{ chainId, genesis, power: powerRoot(genesis.validators) }, `chain "${genesis.name}" (${kind})`]
  }
  return fail(`chain ${chainId.toString()} is not one that you trust: name its genesis`)
}

/** Fails the check at hand when the trusting period is over at the time of the last block shown. */
export function mustBeRecent(timeMs: number, options: TrustOptions): void {
  if (options.now === undefined || options.trustingPeriodMs === undefined) return
  must(options.now - timeMs <= options.trustingPeriodMs, 'the block shown is older than the trusting period')
}
