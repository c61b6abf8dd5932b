import { cidOf, DAG_CBOR, digest, encode, utf8 } from '../../../runtime/core/index.ts'
import {
  catAnswerMessage,
  catChallenge,
  checkAggregate,
  checkCat,
  drawSeats,
  encodeCat,
  type CatCrypto,
} from '../../../runtime/consensus/cat/index.ts'
import { seatsOf, summedSecret, testChips } from '../../../runtime/consensus/cat/testing/chips.ts'
import { crypto, userOf } from '../../../runtime/consensus/testing/test-kit.ts'
import { broken, held, type Attack } from './attack.ts'

const CHAIN = cidOf(DAG_CBOR, utf8('summed'))
const CHIPS = 100
/** Chips that are still there. */
const LEFT = 40

/** A node registered a hundred chips, kept their BLS secrets, and sold sixty of them for scrap. One sum of secrets signs for all. */
export const summedKey: Attack = {
  name: 'summed-key',
  of: '4.3',
  aim: 'one summed BLS secret makes the same aggregate as all chips together, which are gone',
  defences: { 'drawn-answers': 'chips drawn by the challenge sign it with keys that do not leave them' },
  run: (seed, without) => {
    const chips = testChips(`summed ${seed}`, CHIPS)
    const seats = seatsOf(chips)
    const challenge = catChallenge(CHAIN, 9, digest('sim', encode([seed])), userOf(5).key)
    const result = digest('sim', utf8('result'))
    const aggregate = crypto.blsSign(challenge, summedSecret(chips))
    const answers = drawSeats(challenge, CHIPS).map((index) => {
      const { serial, sign } = chips[index] as (typeof chips)[number]
      // for a chip that is gone one of those that are left signs
      const by = index < LEFT ? sign : (chips[index % LEFT] as (typeof chips)[number]).sign
      return by(catAnswerMessage(challenge, serial, result))
    })
    const port: CatCrypto = crypto
    const fault = without.has('drawn-answers')
      ? checkAggregate(aggregate, challenge, seats, port)
        ? undefined
        : 'aggregate'
      : checkCat(encodeCat({ result, aggregate, answers }), challenge, seats, port).fault
    const seen = `${LEFT} of ${CHIPS} chips left: ${fault ?? 'accepted'}`
    return Promise.resolve(fault === undefined ? broken(seen) : held(seen))
  },
}
