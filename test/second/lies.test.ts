/** Bundles and light clients' food made by a program in Python that knows the documents alone: with true values both verifiers take them, of lies they think alike. */
import { expect, test } from 'vitest'
import { decodeCertificate, decodeGenesis, decodeHeader, fromBase64 } from '../../runtime/core/index.ts'
import { decodeStep, LightClient } from '../../runtime/verify/light.ts'
import { lines, SEED, SKIPPED, TIMES } from './python.ts'
import { disagreements, type Tried } from './verdicts.ts'

const LIES = 20 * TIMES
const PATHS = 8 * TIMES

const bytes = (text: string): Uint8Array => fromBase64(text, 'test')

test.skipIf(SKIPPED !== '')(
  `bundles of an invoke, an inference and a call that were written from the documents are valid ${SKIPPED}`,
  async () => {
    const forged = await lines<Tried>('lies.py', 'true')
    expect(forged.map(({ what, holds }) => [what, holds])).toEqual(['invoke', 'infer', 'call'].map((kind) => [kind, true]))
    expect(await disagreements(forged)).toEqual([])
  },
)

test.skipIf(SKIPPED !== '')(
  `${LIES} bundles of a liar who makes all hashes and signatures fit: both verifiers think alike (seed ${SEED}) ${SKIPPED}`,
  { timeout: 1_000_000 },
  async () => {
    const lies = await lines<Tried>('lies.py', SEED, LIES)
    expect(lies.length).toBe(LIES)
    expect(lies.some(({ holds }) => !holds)).toBe(true)
    expect(await disagreements(lies)).toEqual([])
  },
)

interface Path {
  readonly genesis: string
  readonly now: number
  readonly shown: readonly { readonly what: string; readonly step?: string; readonly header?: string; readonly certificate?: string }[]
  /** Why each was refused; null where it was taken. */
  readonly taken: readonly (string | null)[]
}

/** What our light client says of a path, in the same words: only whether it takes, not why it refuses. */
function taken({ genesis, now, shown }: Path): readonly boolean[] {
  const client = new LightClient({ genesis: decodeGenesis(bytes(genesis)) })
  return shown.map(({ step, header = '', certificate = '' }) => {
    try {
      if (step !== undefined) client.follow(decodeStep(bytes(step)), now)
      else client.accept(decodeHeader(bytes(header)), decodeCertificate(bytes(certificate)), now)
      return true
    } catch {
      return false
    }
  })
}

test.skipIf(SKIPPED !== '')(
  `${PATHS} light clients of chains whose sets change, shown steps, jumps, headers, forks and lies: both take the same (seed ${SEED}) ${SKIPPED}`,
  { timeout: 1_000_000 },
  async () => {
    const paths = await lines<Path>('paths.py', SEED, PATHS)
    expect(paths.flatMap((path) => path.taken)).toContain(null)
    for (const path of paths) {
      const says = path.shown.map(({ what }, i) => `${what}: ${path.taken[i] === null}`)
      const ours = taken(path)
      expect(path.shown.map(({ what }, i) => `${what}: ${ours[i]}`)).toEqual(says)
    }
  },
)
