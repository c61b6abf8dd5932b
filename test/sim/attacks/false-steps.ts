import {
  bitsOf,
  compareBytes,
  equalBytes,
  headerHash,
  isUtnetError,
  ownerOf,
  powerDelta,
  powerRoot,
  precommitMessage,
  type Certificate,
  type Header,
  type Validator,
} from '../../../runtime/core/index.ts'
import { LightClient, type LightCrypto, type LightStep } from '../../../runtime/consensus/light/index.ts'
import { powerChain, type PowerChain } from '../../../runtime/consensus/power/testing/power-chain.ts'
import { crypto, validatorOf, type TestValidator } from '../../../runtime/consensus/testing/test-kit.ts'
import { seededRandom } from '../../../runtime/kv/index.ts'
import { broken, held, type Attack } from './attack.ts'

/** Power of the one that leaves is more than two thirds of the first set. */
const FOUNDING = [1, 2, 2, 13]
const LEFT = 3
/** Epochs that are followed; the first two are of the old set. */
const EPOCHS = 7

interface Lie {
  readonly name: string
  readonly step: LightStep
}

const everybody = (set: readonly Validator[]): Uint8Array => bitsOf(set.keys(), set.length)

/** What a server gives in place of the step of an epoch. */
function lies(t: PowerChain, elsewhere: PowerChain, epoch: number, thief: TestValidator): Lie[] {
  const { chain } = t
  const { header, certificate, delta } = chain.epochStep(epoch)
  const set = chain.setAt(header.height)
  const next = chain.setAt(header.height + 1)
  const first = chain.genesis.validators
  const left = t.nodes[LEFT] as TestValidator
  const withThief = [...next, { ...thief.validator, power: 1_000 }].sort((a, b) => compareBytes(a.key, b.key))
  const stolen = { ...header, power: powerRoot(withThief) }
  const toThief = powerDelta(set, withThief)
  /** Signed by the one that left, as if it were all of a set. */
  const byLeft = (of: Header, signers: Uint8Array): Certificate => {
    const block = headerHash(of)
    const message = precommitMessage(chain.chainId, of.height, of.round, block)
    return { ...certificate, block, signers, signature: left.voter.sign(message) }
  }
  const heights = (height: number): Header => ({ ...header, height })
  const alone = first.findIndex((v) => equalBytes(v.key, left.key))
  const other = elsewhere.chain.epochStep(epoch)
  // a later epoch in which the one that left has all the power again
  const back = [{ ...left.validator, power: 1 }]
  const jump = {
    ...header,
    height: header.height + chain.genesis.epochBlocks + 1,
    proposer: ownerOf(0, back).key,
    kappa: 0,
    power: powerRoot(back),
  }
  return [
    { name: 'another delta', step: { header, certificate, delta: toThief } },
    { name: 'another delta and its root', step: { header: stolen, certificate, delta: toThief } },
    { name: 'the same, renamed', step: { header: stolen, certificate: { ...certificate, block: headerHash(stolen) }, delta: toThief } },
    {
      name: 'signed by all, they say',
      step: { header: stolen, certificate: { ...certificate, block: headerHash(stolen), signers: everybody(set) }, delta: toThief },
    },
    { name: 'signed by who left', step: { header: stolen, certificate: byLeft(stolen, everybody(set)), delta: toThief } },
    {
      name: 'signed by who left, in its old place',
      step: { header: stolen, certificate: byLeft(stolen, bitsOf([alone], first.length)), delta: toThief },
    },
    { name: 'a jump to who left', step: { header: jump, certificate: byLeft(jump, Uint8Array.of(1)), delta: powerDelta(set, back) } },
    { name: 'of another chain', step: { header: other.header, certificate: other.certificate, delta: other.delta } },
    { name: 'cut short', step: { header, certificate: { ...certificate, signers: certificate.signers.slice(0, -1) }, delta } },
    {
      name: 'of an epoch behind, at this height',
      step: { ...chain.epochStep(epoch - 1), header: { ...chain.epochStep(epoch - 1).header, height: header.height } },
    },
    { name: 'two epochs at once', step: { ...chain.epochStep(epoch + 1), delta: powerDelta(set, chain.setAt(header.height + 1)) } },
    {
      name: 'a height that ends no epoch',
      step: { header: heights(header.height - 1), certificate: { ...certificate, height: header.height - 1 }, delta },
    },
  ]
}

/** A light client of the real chain asks a liar for each epoch first, which has the keys of one that had most of the power before. */
export const falseSteps: Attack = {
  name: 'false-steps',
  of: '4.4',
  aim: 'a light client is led to a set that is not that of the chain: forged deltas, old keys, other chains',
  defences: {
    aggregate: 'the votes that a certificate names signed this very header',
    'set-of-epoch': 'a certificate counts under the set that is trusted for its epoch',
  },
  run: async (seed, without) => {
    const random = seededRandom(seed)
    const [t, elsewhere] = [await powerChain(FOUNDING), await powerChain(FOUNDING, { name: 'elsewhere' })]
    const left = t.nodes[LEFT] as TestValidator
    await t.node(left, { op: 'leave' })
    const last = (EPOCHS + 1) * t.chain.genesis.epochBlocks
    await t.toHeight(last)
    await elsewhere.toHeight(last)
    const verify: LightCrypto['blsFastAggregateVerify'] = (signature, message, keys) =>
      without.has('aggregate') ||
      crypto.blsFastAggregateVerify(signature, message, keys) ||
      (without.has('set-of-epoch') && crypto.blsFastAggregateVerify(signature, message, [left.validator.bls]))
    const client = new LightClient({
      genesis: t.chain.genesis,
      crypto: { ...crypto, blsFastAggregateVerify: verify },
      trustingMs: 1_000_000,
    })
    const now = t.chain.head().header.time
    const thief = validatorOf(600 + (seed % 1_000))
    let refused = 0
    for (let epoch = 0; epoch < EPOCHS; epoch++) {
      const shown = epoch < 2 ? [] : lies(t, elsewhere, epoch, thief)
      for (const { name, step } of shown
        .map((lie) => [random(), lie] as const)
        .sort(([a], [b]) => a - b)
        .map(([, lie]) => lie)) {
        try {
          const { height, hash } = client.follow(step, now)
          const { hash: known } = t.chain.headerAt(height)
          if (!equalBytes(hash, known)) return broken(`${name}: the client trusts another block ${height} than the chain has`)
          throw new Error(`${name}: taken, and leads nowhere`)
        } catch (error) {
          if (!isUtnetError(error)) throw error
          if (error.code === 'light_conflict') return broken(`${name}: ${error.message}`)
          refused++
        }
      }
      client.follow(t.chain.epochStep(epoch), now)
    }
    const { set, height } = client.trusted
    if (powerRoot(set).join() !== powerRoot(t.chain.setAt(height + 1)).join()) return broken('the client ends with another set')
    return held(`${refused} false steps refused, ${EPOCHS} epochs followed`)
  },
}
