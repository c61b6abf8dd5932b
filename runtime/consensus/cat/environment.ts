/** The environment that a round samples (PIEE in the round, U5.2-ENV): the port behind which operators run. */

/** What is to be computed: an operator that the genesis names, on operands that follow from the challenge. */
export interface SampledTask {
  readonly operator: string
  /** 32 bytes. */
  readonly challenge: Uint8Array
}

/** The port. */
export interface CatEnvironment {
  /**
   * Digest (32 bytes) of what the operator gives, the same on every node. It is told to nobody before the verdict is out. Rejects where this node cannot run it, which says nothing about the one that is
   * checked.
   */
  run(task: SampledTask): Promise<Uint8Array>
}

/** Operators that a new genesis names (docs/spec/cat.md says what each of them is run on). */
export const ROUND_OPERATORS: readonly string[] = [
  'Conv',
  'Gelu',
  'Gemm',
  'LayerNormalization',
  'MatMul',
  'MatMulInteger',
  'ReduceMean',
  'Softmax',
]
