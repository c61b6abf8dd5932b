import { cidOf, DAG_CBOR, digest, encode, utf8 } from '../../../runtime/core/index.ts'
import { catAnswerMessage, catChallenge, checkCat, drawSeats, encodeCat } from '../../../runtime/consensus/cat/index.ts'
import { seatsOf, summedSecret, testChips } from '../../../runtime/consensus/cat/testing/chips.ts'
import { crypto, userOf } from '../../../runtime/consensus/testing/test-kit.ts'
import { broken, held, type Attack } from './attack.ts'

const CHAIN = cidOf(DAG_CBOR, utf8('domains'))

/** Chips that are elsewhere also sign the nonces of a service, which is the attacker's: as nonces it hands out what CAT would have them sign. */
export const replayDomain: Attack = {
  name: 'replay-domain',
  of: '4.4',
  aim: 'a signature that a chip gives for one use is shown as one for another',
  defences: { domain: 'whatever is signed is a digest under the name of its use' },
  run: (seed, without) => {
    const chips = testChips(`domains ${seed}`, 30)
    const seats = seatsOf(chips)
    const challenge = catChallenge(CHAIN, 3, digest('sim', encode([seed])), userOf(5).key)
    const result = digest('sim', utf8('result'))
    const signedForService = (nonce: Uint8Array): Uint8Array => (without.has('domain') ? nonce : digest('sim-service', nonce))
    const answers = drawSeats(challenge, chips.length).map((index) => {
      const { serial, sign } = chips[index] as (typeof chips)[number]
      return sign(signedForService(catAnswerMessage(challenge, serial, result)))
    })
    const aggregate = crypto.blsSign(challenge, summedSecret(chips))
    const { fault } = checkCat(encodeCat({ result, aggregate, answers }), challenge, seats, crypto)
    const seen = `answers out of a service's nonces: ${fault ?? 'accepted'}`
    return Promise.resolve(fault === undefined ? broken(seen) : held(seen))
  },
}
