/** Who calls, and where in the chain the call runs. */

import * as host from './raw/host-context'

export namespace context {
  /** Address of the caller, bech32m: who signed, or the contract that calls this one. */
  export function caller(): string {
    return host.caller()
  }

  /** Address of who signed the transaction, or asks the query. Whom to ask for permission is `caller`. */
  export function signer(): string {
    return host.signer()
  }

  /** Address of who owns this contract's name: its publisher, who alone can upgrade it. */
  export function owner(): string {
    return host.owner()
  }

  /** Which version of the contract runs, from 1. */
  export function version(): u32 {
    return host.version()
  }

  /** Address of this contract, bech32m. */
  export function contract(): string {
    return host.contract()
  }

  /** Height of the block that runs this call. */
  export function height(): u64 {
    return host.height()
  }

  /** Time of that block, milliseconds since 1970. */
  export function time(): u64 {
    return host.time()
  }

  export function chainId(): string {
    return host.chainId()
  }
}

/** Ends the call as a failure with this message; state and events of the call are dropped. */
export function revert(message: string): void {
  host.revert(message)
  unreachable()
}

/** Reverts with the message unless the condition holds. */
export function require(condition: bool, message: string): void {
  if (!condition) revert(message)
}
