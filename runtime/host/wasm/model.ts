/** The parts of a core module, as the validator and the preparation see them. */

/** Value types by letter: i i32, l i64, f f32, d f64, v v128, r funcref, e externref. */
export interface FuncType {
  readonly params: string
  readonly results: string
}

/** Sizes of a memory (pages of 64 KiB) or table (elements). */
export interface Limits {
  readonly min: number
  readonly max: number | undefined
}

export type ExternKind = 'func' | 'table' | 'memory' | 'global'

/** An import; `offset` is where it stands in the bytes, for errors. */
export interface CoreImport {
  readonly module: string
  readonly name: string
  readonly kind: ExternKind
  /** Type index of a function. */
  readonly type: number
  readonly offset: number
}

/** An export; `index` counts in the index space of its kind, imports first. */
export interface CoreExport {
  readonly name: string
  readonly kind: ExternKind
  readonly index: number
  readonly offset: number
}

/** `reference` is the byte of its element type. */
export interface Table extends Limits {
  readonly reference: number
  readonly offset: number
}

export interface Memory extends Limits {
  readonly offset: number
}

/** `type` is a letter of the opcode table. */
export interface Global {
  readonly type: string
  readonly mutable: boolean
}

/** A data or element segment: `length` bytes or elements. */
export interface Segment {
  /** Undefined for a passive segment. With a base it is counted from there, modulo 2^32. */
  readonly at: number | undefined
  /** Index of the imported global that says where an active segment goes: code that is linked dynamically. */
  readonly base?: number
  readonly length: number
  readonly offset: number
}

/** The code of one function. */
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

/** A section by its id; `start` and `end` are those of its contents. */
export interface Section {
  readonly id: number
  readonly start: number
  readonly end: number
  /** Of a custom section. */
  readonly name: string
}

/** A module that was read; every position counts in `bytes`, `origin` is what errors add to it. */
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
  /** Bytes of all bodies. */
  readonly codeBytes: number
}
