/** What proposers of `world.ts` show of their chips, and what the others say of it: good, bad or nothing, as the seed of the block before has it. */
import { bitsOf, toHex } from '../../../runtime/core/index.ts'
import { encodeBlockVerdict, makeCat, VERDICT_BLOCKS, verdictMessage } from '../../../runtime/consensus/cat/index.ts'
import { signerOf } from '../../../runtime/consensus/cat/testing/chips.ts'
import { simulatedResult } from '../../../runtime/consensus/cat/testing/work-chain.ts'
import type { TestChip } from '../../../runtime/consensus/power/testing/chips.ts'
import { crypto, type TestValidator } from '../../../runtime/consensus/testing/test-kit.ts'
import type { World } from './world.ts'

const NOTHING = new Uint8Array(0)

/** The CAT of a proposer: mostly a good one where it has chips, else none, or one that is not good. */
export async function shownBy({ chain, chips, height }: World, key: Uint8Array, seed: Uint8Array): Promise<Uint8Array> {
  const seats = chain.catSeats(key, height + 1)
  const luck = (seed[1] as number) % 8
  if (seats.count === 0 || luck === 0) return NOTHING
  const own = Array.from({ length: seats.count }, (_, i) => seats.seat(i).serial).map(
    (serial) => chips.find((c) => toHex(c.serial) === toHex(serial)) as TestChip,
  )
  const task = chain.task(key, height + 1)
  // an answer to another challenge is none
  const challenge = luck === 1 ? seed : task.challenge
  const cat = (await makeCat(challenge, seats, simulatedResult(task), signerOf(own))) as Uint8Array
  return luck === 2 ? cat.with(cat.length - 1, (cat.at(-1) as number) ^ 1) : cat
}

interface Said {
  readonly height: number
  readonly ok: boolean
  readonly bytes: Uint8Array
}

/** Verdicts on some of the blocks that wait for one. */
export function verdictsOf({ chain, nodes, height }: World, seed: Uint8Array): Said[] {
  const said: Said[] = []
  for (let of = Math.max(1, height + 1 - VERDICT_BLOCKS); of <= height; of++) {
    const luck = ((seed[2] as number) + of) % 8
    const record = chain.reward(of)
    if (record?.status !== 'pending' || luck > 3) continue
    const ok = luck > 0
    const { header, hash } = chain.headerAt(of)
    // who says no came to something else
    const result = simulatedResult(chain.task(header.proposer, of)).map((byte) => (ok ? byte : byte ^ 1))
    const set = chain.setAt(of)
    const message = verdictMessage(chain.chainId, of, hash, ok, result)
    const signatures = set.map(({ key }) => (nodes.find((v) => toHex(v.key) === toHex(key)) as TestValidator).voter.sign(message))
    const bytes = encodeBlockVerdict({
      height: of,
      ok,
      result,
      signers: bitsOf(set.keys(), set.length),
      signature: crypto.blsAggregate(signatures),
    })
    said.push({ height: of, ok, bytes })
  }
  return said
}
