/** A checkpoint as a file: what people compare (chain, height, hash, root of the set), and all that is needed to go on from there. */
import { readFileSync } from 'node:fs'
import { fromBase64, toBase64, toHex, UtnetError, type Genesis } from '../../runtime/core/index.ts'
import { checkpointOf, decodeTrusted, encodeTrusted, lightRules, type Trusted } from '../../runtime/consensus/light/index.ts'

interface CheckpointFile {
  readonly chainId: string
  readonly height: number
  readonly hash: string
  readonly power: string
  /** Base64 of the point's canonical bytes. */
  readonly point: string
}

/** The file of a point. */
export function checkpointFile(genesis: Genesis, point: Trusted): CheckpointFile {
  const { chainId, height, hash, power } = checkpointOf(lightRules(genesis), point)
  return { chainId: chainId.toString(), height, hash: toHex(hash), power: toHex(power), point: toBase64(encodeTrusted(point)) }
}

/** The chain that a checkpoint file is of, and its bytes; throws `usage` or `light_invalid`. */
export function readCheckpointFile(path: string): CheckpointFile {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (cause) {
    throw new UtnetError('usage', `cannot read the checkpoint file ${path}`, { cause })
  }
  try {
    const file = JSON.parse(text) as CheckpointFile
    if (typeof file.chainId === 'string' && typeof file.point === 'string') return file
  } catch {
    // falls through to the one error below
  }
  throw new UtnetError('light_invalid', `${path} is not a checkpoint file`, { hint: 'make one: utnet chain follow -o FILE' })
}

/** The point of a checkpoint file; throws `light_invalid` where what it shows to people is not what it holds. */
export function pointOfFile(genesis: Genesis, file: CheckpointFile): Trusted {
  const point = decodeTrusted(lightRules(genesis), fromBase64(file.point, 'point'))
  const { chainId, height, hash, power } = checkpointFile(genesis, point)
  if (chainId !== file.chainId || height !== file.height || hash !== file.hash || power !== file.power)
    throw new UtnetError('light_invalid', 'the checkpoint file names another block than it holds')
  return point
}
