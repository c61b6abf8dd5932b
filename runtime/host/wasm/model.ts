/** The parts of a core module, as the validator and the preparation see them. */

/** Value types by letter: i i32, l i64, f f32, d f64, v v128, r funcref, e externref. */
export interface FuncType {
  readonly params: string
  readonly results: string
}

export interface Limits {
  readonly min: number
  readonly max: number | undefined
}

export type ExternKind = 'func' | 'table' | 'memory' | 'global'

export interface CoreImport {
  readonly module: string
  readonly name: string
  readonly kind: ExternKind
  /** Type index of a function. */
  readonly type: number
  readonly offset: number
}

export interface CoreExport {
  readonly name: string
  readonly kind: ExternKind
  readonly index: number
  readonly offset: number
}

export interface Table extends Limits {
  readonly reference: number
  readonly offset: number
}

export interface Memory extends Limits {
  readonly offset: number
}

export interface Global {
  readonly type: string
  readonly mutable: boolean
}

export interface Segment {
  /** Undefined for a passive segment. With a base it is counted from there, modulo 2^32. */
  readonly at: number | undefined
  /** Index of the imported global that says where an active segment goes: code that is linked dynamically. */
  readonly base?: number
  readonly length: number
  readonly offset: number
}

export interface Body {
  /** Index in the function index space, imports first. */
  readonly index: number
  readonly type: FuncType
  /** Declared locals as runs of [count, type letter]. */
  readonly locals: readonly (readonly [number, string])[]
  readonly localCount: number
  /** The instructions, within the module's bytes. */
  readonly start: number
  readonly end: number
}

export interface Section {
  readonly id: number
  readonly start: number
  readonly end: number
  /** Of a custom section. */
  readonly name: string
}

export interface CoreModule {
  readonly bytes: Uint8Array
  readonly origin: number
  readonly sections: readonly Section[]
  readonly types: readonly FuncType[]
  readonly imports: readonly CoreImport[]
  /** Type of every function, imports first. */
  readonly functions: readonly FuncType[]
  readonly importedFunctions: number
  readonly tables: readonly Table[]
  readonly memories: readonly Memory[]
  readonly globals: readonly Global[]
  readonly importedGlobals: number
  readonly exports: readonly CoreExport[]
  readonly start: number | undefined
  readonly elements: readonly Segment[]
  readonly data: readonly Segment[]
  readonly bodies: readonly Body[]
}
