/** What a guest exports, as read from its sources. */

import type { WitType } from '../../../core/wit/wit-type.ts'
import type { GuestType } from './guest-type.ts'

/** A class or enum of the author's that has a name in WIT, and how the generated entry imports it. */
export interface GuestClass {
  /** Name in the generated entry. */
  readonly alias: string
  readonly name: string
  readonly from: string
  readonly wit: Extract<WitType, { kind: 'record' | 'variant' | 'enum' | 'flags' }>
}

/** A parameter, in both type systems. */
export interface GuestParam {
  readonly name: string
  readonly type: GuestType
  readonly wit: WitType
}

/** An exported function, or a container that is read as one. */
export interface GuestExport {
  readonly name: string
  /** The export's name in WIT. */
  readonly witName: string
  /** An exported container of the storage: the export reads it. */
  readonly reads?: boolean
  readonly params: readonly GuestParam[]
  readonly result: { readonly type: GuestType; readonly wit: WitType } | undefined
}

/** All exports, in the order of the source, and the classes that they name. */
export interface GuestSignatures {
  readonly exports: readonly GuestExport[]
  readonly classes: readonly GuestClass[]
}
