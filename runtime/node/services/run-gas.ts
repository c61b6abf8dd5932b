/** Gas as the views name it: `gas` is that of the run, as its receipt has it; `paid` is all that the transaction paid for. */
import { decode, decodeReceipt, type Cbor } from '../../core/index.ts'
import type { Chain, TxOutcome } from '../../consensus/index.ts'

/** The `gas` of each transaction of a block, in order. Runs have leaves of their own in the block's receipt tree, in the order of their transactions. */
export function runGasOf({ leaves, outcomes }: Pick<ReturnType<Chain['blockAt']>, 'leaves' | 'outcomes'>): bigint[] {
  const runs = leaves.values()
  const next = (): bigint => {
    for (const leaf of runs) {
      const [kind, body] = decode(leaf, 'leaf') as readonly Cbor[]
      if (kind === 'call') return decodeReceipt(body as Uint8Array).gas
    }
    return 0n
  }
  return outcomes.map(({ receipt, gas }: TxOutcome) => (receipt === null ? gas : next()))
}
