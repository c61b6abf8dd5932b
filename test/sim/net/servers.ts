/** Liars over the real chain that answer who is behind: what they give in place of the final block that was asked for, by name; and a net in which one validator hears nobody else for long. */
import { bitsOf, equalBytes, fromHex, headerHash, toHex, voteMessage, type CID, type Validator } from '../../../runtime/core/index.ts'
import { chainApp, decodePayload, encodePayload } from '../../../runtime/consensus/bft/index.ts'
import type { FinalNotice, Message } from '../../../runtime/consensus/messages/index.ts'
import type { Chain } from '../../../runtime/consensus/index.ts'
import { powerChain } from '../../../runtime/consensus/power/testing/power-chain.ts'
import { userOf, type TestValidator } from '../../../runtime/consensus/testing/test-kit.ts'
import { seededRandom } from '../../../runtime/kv/index.ts'
import type { ChainNetOptions } from './chain-net-options.ts'

/** What a liar has at hand. */
interface Hand {
  readonly random: () => number
  /** All that it was asked for so far, the present block last. */
  readonly asked: readonly FinalNotice[]
  readonly chainId: CID
  /** Who left the set, with its keys: it was more than two thirds of it. */
  readonly left: TestValidator
  /** The set that it was in, and that of a height. */
  readonly oldSet: readonly Validator[]
  setAt(height: number): readonly Validator[]
  /** Final blocks of another chain of the same validators, from height 1. */
  readonly elsewhere: readonly FinalNotice[]
}

interface Server {
  readonly gives: (final: FinalNotice, hand: Hand) => readonly FinalNotice[]
  readonly delayMs?: (random: () => number) => number
}

/** A block that would run, and that nobody has voted on: a millisecond later. */
function forged({ payload }: FinalNotice): { readonly block: string; readonly payload: Uint8Array } {
  const { block, parentCertificate } = decodePayload(payload)
  const header = { ...block.header, time: block.header.time + 1 }
  return { block: toHex(headerHash(header)), payload: encodePayload({ block: { ...block, header }, parentCertificate }) }
}

const allOf = (set: readonly Validator[]): Uint8Array => bitsOf(set.keys(), set.length)

const shuffled = <T>(list: readonly T[], random: () => number): T[] =>
  list
    .map((item) => [random(), item] as const)
    .sort(([a], [b]) => a - b)
    .map(([, item]) => item)

const cut = (bytes: Uint8Array, random: () => number): Uint8Array => bytes.slice(0, Math.floor(random() * bytes.length))

/** Blocks that it tells of at once, and what is in them. */
const ENDLESS = 80
const NOTHING = new Uint8Array(16_384)

export const SERVERS: Readonly<Record<string, Server>> = {
  // any block but the one that was asked for
  old: { gives: (final, { asked, random }) => [asked[Math.floor(random() * (asked.length - 1))] ?? final].filter((f) => f !== final) },
  // one that nobody voted on, under the certificate of the true one, and under the same signature with its own name and everybody's bits
  forged: {
    gives: (final, { setAt }) => {
      const { certificate } = final
      const { block, payload } = forged(final)
      return [
        { kind: 'final', certificate, payload },
        { kind: 'final', certificate: { ...certificate, block, signers: allOf(setAt(certificate.height)) }, payload },
      ]
    },
  },
  // the true ones, five at a time, the last first, each twice
  reordered: {
    gives: (_, { asked, random }) => (asked.length % 5 === 0 ? shuffled([...asked.slice(-5), ...asked.slice(-5)], random) : []),
  },
  truncated: {
    gives: (final, { random }) => {
      const { certificate: c, payload } = final
      const longer = Uint8Array.of(...c.signers, 0)
      return [
        { ...final, payload: cut(payload, random) },
        { ...final, payload: Uint8Array.of(...payload, 0) },
        { ...final, certificate: { ...c, signers: cut(c.signers, random) } },
        { ...final, certificate: { ...c, signers: longer } },
        { ...final, certificate: { ...c, signature: new Uint8Array(96) } },
      ]
    },
  },
  // blocks without end, never the one that was asked for
  endless: {
    gives: ({ certificate }) =>
      Array.from({ length: ENDLESS }, (_, i) => ({
        kind: 'final',
        certificate: { ...certificate, height: certificate.height + 1 + (i % 12) },
        payload: NOTHING,
      })),
  },
  slow: { gives: (final) => [final], delayMs: (random) => 5_000 + random() * 20_000 },
  // who was more than two thirds of an earlier set certifies a block of now, as it would look in the set of then and of now
  'left-set': {
    gives: (final, { chainId, left, oldSet, setAt }) => {
      const { certificate: c } = final
      const placeIn = (set: readonly Validator[]): number => set.findIndex(({ key }) => equalBytes(key, left.key))
      const set = setAt(c.height)
      if (placeIn(set) >= 0) return []
      const { block, payload } = forged(final)
      const signature = left.voter.sign(voteMessage(chainId, c.height, c.round, 'precommit', fromHex(block)))
      return [bitsOf([placeIn(oldSet)], oldSet.length), allOf(set)].map((signers) => ({
        kind: 'final',
        certificate: { ...c, block, signers, signature },
        payload,
      }))
    },
  },
  // final blocks of another chain, which the same validators made
  'other-chain': {
    gives: ({ certificate: c }, { elsewhere, setAt }) => {
      const other = elsewhere[c.height - 1]
      if (other === undefined) return []
      return [other, { ...other, certificate: { ...other.certificate, signers: allOf(setAt(c.height)) } }]
    },
  },
}

/** Places of the validators: who is away, who serves it, and the liar's ally, who has most of the power in the first set and leaves it. */
export const [AWAY, LIAR, ALLY] = [0, 3, 4]
const POWERS = [1, 2, 2, 1, 13]
const EPOCH = 3
export const HEIGHTS = 14
/** While it is away it hears nothing; then, for a while, final blocks of the liar alone. */
const [BACK_MS, ALL_MS] = [6_000, 26_000]
/** In which it has all blocks where the others are heard, too. */
const WHOLE_MS = 5_000

/** Blocks of a chain of another name and the same validators. */
async function elsewhere(validators: readonly TestValidator[]): Promise<FinalNotice[]> {
  // the test kit numbers its nodes in another order
  const numbers = validators.map((v) => Array.from({ length: 5 }, (_, i) => i).find((i) => equalBytes(userOf(11 + i).key, v.key)))
  const p = await powerChain(
    [0, 1, 2, 3, 4].map((n) => POWERS[numbers.indexOf(n)] as number),
    { name: 'elsewhere', epochBlocks: EPOCH, trustingBlocks: 100 },
  )
  await p.toHeight(HEIGHTS)
  const { proposer } = p.nodes[0] as TestValidator
  const app = chainApp({ chain: p.chain, proposer, clock: () => 0 })
  return Promise.all(Array.from({ length: HEIGHTS }, async (_, i) => (await app.finalAt(i + 1)) as FinalNotice))
}

/** The net, and what its liar did in it. */
export interface ServedNet {
  readonly options: ChainNetOptions
  /** Heights of what the liar gave in place of blocks, in order. */
  readonly given: number[]
  /** Vote key of the one that leaves, once the net runs. */
  left(): Uint8Array
}

/** One of five leaves in the first epoch with most of its power; an ally of it serves another that was away, as `name` says: alone for a while, or beside the others. */
export function servedNet(
  name: string,
  seed: number,
  { port, alone = true }: { readonly port?: ChainNetOptions['port']; readonly alone?: boolean } = {},
): ServedNet {
  const server = SERVERS[name] as Server
  const random = seededRandom(seed)
  const asked: FinalNotice[] = []
  const given: number[] = []
  let chain: Chain | undefined
  let validators: readonly TestValidator[] = []
  let others: readonly FinalNotice[] = []
  const outgoing = (message: Message, to: number): readonly Message[] => {
    if (message.kind !== 'final' || to !== AWAY || chain === undefined) return [message]
    asked.push(message)
    const known = chain
    const out = server.gives(message, {
      random,
      asked,
      chainId: known.chainId,
      left: validators[ALLY] as TestValidator,
      oldSet: known.genesis.validators,
      setAt: (height) => known.setAt(height),
      elsewhere: others,
    })
    given.push(...out.map(({ certificate }) => certificate.height))
    return out
  }
  const options: ChainNetOptions = {
    seed,
    powers: POWERS,
    heights: HEIGHTS,
    pauseMs: (seed % 2) * 200,
    genesis: { epochBlocks: EPOCH, trustingBlocks: 100 },
    untilMs: alone ? 120_000 : BACK_MS + WHOLE_MS,
    liar: {
      index: LIAR,
      outgoing,
      delayMs: (message, to) => (message.kind === 'final' && to === AWAY ? (server.delayMs?.(random) ?? 0) : 0),
    },
    lose: (message, { from, to, atMs }) =>
      ((from === AWAY || to === AWAY) && atMs < BACK_MS) ||
      (message.kind === 'final' && to === AWAY && from !== LIAR && alone && atMs < ALL_MS),
    begin: async (all) => {
      validators = all
      if (name === 'other-chain') others = await elsewhere(all)
    },
    act: (height, any) => {
      chain = any
      return height === 1 ? [[validators[ALLY] as TestValidator, { kind: 'node', action: { op: 'leave' } }]] : []
    },
    ...(port === undefined ? {} : { port }),
  }
  return { options, given, left: () => (validators[ALLY] as TestValidator).validator.bls }
}
