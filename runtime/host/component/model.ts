/** A component as wired by its own sections: index spaces followed, so that every function has a provenance. */
import type { WitFunction, WitType } from '../../core/index.ts'
import type { StringEncoding } from '../abi/index.ts'
import type { Tally } from './tally.ts'

/** An abstract or defined type of a component. */
export type TypeItem =
  | { readonly kind: 'value'; readonly type: WitType }
  | { readonly kind: 'resource'; readonly name: string; /** Where the component defines it itself. */ readonly defined?: DefinedResource }
  | {
      readonly kind: 'func'
      readonly params: readonly { readonly name: string; readonly type: WitType }[]
      readonly result: WitType | undefined
    }
  | { readonly kind: 'instance'; readonly exports: ReadonlyMap<string, ExternType> }
  | { readonly kind: 'component' }

/** A resource type that a component defines: its values are 32-bit numbers of its own choice. */
export interface DefinedResource {
  /** `#0`, `#1`, …: unique in the whole component; no WIT name begins so. */
  readonly name: string
  /** Component instance that defines it: to this one a borrow is the number itself (CanonicalABI.md, `lower_borrow`). */
  readonly owner: number
  readonly destructor: CoreItem | undefined
}

export type ExternType =
  | { readonly sort: 'func'; readonly type: TypeItem }
  | { readonly sort: 'type'; readonly type: TypeItem; /** A resource type that is new here. */ readonly fresh?: true }
  | { readonly sort: 'instance'; readonly type: TypeItem }

export interface CanonOptions {
  readonly encoding: StringEncoding
  readonly memory: CoreItem | undefined
  readonly realloc: CoreItem | undefined
  readonly postReturn: CoreItem | undefined
}

/** A core function, table, memory or global. */
export type CoreItem =
  | { readonly from: 'export'; readonly instance: CoreInstance; readonly name: string; readonly sort: number }
  | {
      readonly from: 'lower'
      readonly func: ComponentFunc
      readonly options: CanonOptions
      readonly component: number
      readonly offset: number
    }
  | {
      readonly from: 'drop'
      readonly resource: string
      readonly defined: DefinedResource | undefined
      readonly component: number
      readonly offset: number
    }
  | { readonly from: 'new' | 'rep'; readonly defined: DefinedResource; readonly offset: number }

export type CoreInstance =
  | { readonly kind: 'module'; readonly module: EmbeddedModule; readonly args: ReadonlyMap<string, CoreInstance>; readonly offset: number }
  | { readonly kind: 'inline'; readonly exports: ReadonlyMap<string, CoreItem>; readonly offset: number }

export interface EmbeddedModule {
  readonly bytes: Uint8Array
  readonly offset: number
}

export type ComponentFunc =
  | { readonly from: 'import'; readonly interface: string; readonly type: WitFunction; readonly offset: number }
  | {
      readonly from: 'lift'
      readonly core: CoreItem
      readonly options: CanonOptions
      readonly type: WitFunction
      /** The component instance that lifts it: nested ones are numbered in the order of their instantiation, the outermost is 0. */
      readonly component: number
      readonly offset: number
    }

export interface ComponentInstance {
  readonly exports: ReadonlyMap<string, ComponentItem>
}

export type ComponentItem =
  | { readonly sort: 'func'; readonly func: ComponentFunc }
  | { readonly sort: 'type'; readonly type: TypeItem; readonly fresh?: true }
  | { readonly sort: 'instance'; readonly instance: ComponentInstance }
  | { readonly sort: 'component'; readonly bytes: Uint8Array; readonly offset: number; readonly scopes: readonly Scope[] }

/** What `alias outer` sees, and the count of the whole component that it stands in. */
export interface Scope {
  readonly types: readonly TypeItem[]
  readonly tally: Tally
}

/** A component that was read; nothing is instantiated. */
export interface Component {
  /** Import names in order: interfaces, and plain names of types. */
  readonly imports: readonly { readonly name: string; readonly item: ComponentItem; readonly offset: number }[]
  readonly exports: ReadonlyMap<string, ComponentItem>
  /** In the order of their instantiation, those of nested components among them. */
  readonly coreInstances: readonly CoreInstance[]
  /** By name. */
  readonly resources: ReadonlyMap<string, DefinedResource>
  /** In the order of the bytes. */
  readonly modules: readonly EmbeddedModule[]
}
