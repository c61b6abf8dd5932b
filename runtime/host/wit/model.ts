/** WIT packages with every name followed: what the guest generator, the host's checks and the CLI read. */

import type { WitFunction, WitType } from '../../core/wit/wit-type.ts'

/** An interface with its types resolved. */
export interface WitInterface {
  /** `utnet:host/storage@0.1.0` */
  readonly id: string
  readonly types: ReadonlyMap<string, WitType>
  /** Resources defined here, as `<interface id>#<name>`. */
  readonly resources: readonly string[]
  /** With the names of the canonical ABI: `get`, `[method]fields.get`, `[constructor]fields`, `[static]fields.from-list`. */
  readonly functions: readonly WitFunction[]
}

export type WitWorldItem =
  | { readonly kind: 'interface'; readonly name: string; readonly interface: WitInterface }
  | { readonly kind: 'function'; readonly function: WitFunction }

/** A world with its includes resolved. */
export interface WitWorld {
  readonly id: string
  readonly types: ReadonlyMap<string, WitType>
  readonly imports: readonly WitWorldItem[]
  readonly exports: readonly WitWorldItem[]
}

/** All packages of one text. */
export interface WitModel {
  /** Ids of all interfaces, in the order of the text. */
  readonly interfaces: readonly string[]
  readonly worlds: readonly string[]
  /** Throws `guest_invalid` if there is none of this id. */
  interface(id: string): WitInterface
  world(id: string): WitWorld
  /** All named packages as one text of nested packages, to be put behind a header of one's own. */
  nestedText(): string
}
