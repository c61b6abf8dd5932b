/** Who calls, and where in the chain the call runs. */

import * as host from './raw/host-context'

export namespace context {
  /** Address of the caller, bech32m. */
  export function caller(): string {
    return host.caller()
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
