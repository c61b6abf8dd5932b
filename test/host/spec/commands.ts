/** What `wasm-tools json-from-wast` writes, as far as it is used. */

export interface Value {
  readonly type: string
  /** Bits as decimal text, `nan:canonical` or `nan:arithmetic`; a list of lanes of a vector. */
  readonly value?: string | readonly string[]
  readonly lane_type?: string
  readonly values?: readonly Value[]
}

export interface Action {
  readonly type: 'invoke' | 'get'
  readonly module?: string
  readonly field: string
  readonly args?: readonly Value[]
}

export interface Command {
  readonly type: string
  readonly line: number
  readonly name?: string
  readonly as?: string
  readonly filename?: string
  readonly module_type?: string
  readonly text?: string
  readonly action?: Action
  readonly expected?: readonly Value[]
}
