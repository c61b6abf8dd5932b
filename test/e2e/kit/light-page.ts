/** What a page needs to follow a chain: the light client, and reading of what a node serves. */
import { decodeGenesis, fromBase64, toHex } from '../../../runtime/core/index.ts'
import { decodeStep, LightClient } from '../../../runtime/consensus/light/index.ts'

/** Follows steps from a genesis, all in base64; where that leads. Throws as `LightClient.follow`. */
export function followText(genesis: string, steps: readonly string[], nowMs: number): { epoch: number; height: number; hash: string } {
  const client = new LightClient({ genesis: decodeGenesis(fromBase64(genesis)) })
  for (const step of steps) client.follow(decodeStep(fromBase64(step)), nowMs)
  const { epoch, height, hash } = client.trusted
  return { epoch, height, hash: toHex(hash) }
}
