/** The crypto port over real keys: BLS for votes, ed25519 for proposals. Everything signed names the chain. */
import { digest, encode, fromHex, voteMessage, type CID } from '../../core/index.ts'
import type { ChainCrypto, Voter } from '../crypto-port.ts'
import type { ProposalBody, VoteBody } from './messages.ts'
import type { BftCrypto } from './ports.ts'

/** What a proposal signs: domain, chain id, height, round, valid round + 1, block hash. */
export function proposalMessage(chainId: CID, p: ProposalBody): Uint8Array {
  return digest('proposal', encode([chainId, p.height, p.round, p.validRound + 1, fromHex(p.block)]))
}

/** The keys of a validator: BLS for votes, the node key for proposals. */
export interface BftKeys {
  readonly voter: Pick<Voter, 'sign'>
  /** ed25519 signature by the node key, 64 bytes. */
  readonly signNode: (message: Uint8Array) => Uint8Array
}

type Checks = Pick<ChainCrypto, 'verifyEd25519' | 'blsFastAggregateVerify' | 'blsVerifyAll' | 'blsAggregate'>

const signedOf = (chainId: CID, v: VoteBody): Uint8Array =>
  voteMessage(chainId, v.height, v.round, v.phase, v.block === null ? null : fromHex(v.block))

/** The checks of one chain: the port without keys. The set's vote keys must have been admitted by `verifyValidator`. */
export function bftChecks(chainId: CID, crypto: Checks): Omit<BftCrypto, 'signVote' | 'signProposal'> {
  const message = (v: VoteBody): Uint8Array => signedOf(chainId, v)
  return {
    verifyVote: (body, member, signature) => crypto.blsFastAggregateVerify(signature, message(body), [member.bls]),
    verifyVotes: (votes) =>
      crypto.blsVerifyAll(votes.map(({ body, member, signature }) => ({ signature, message: message(body), key: member.bls }))),
    verifyProposal: (body, member, signature) => crypto.verifyEd25519(signature, proposalMessage(chainId, body), member.key),
    aggregate: (signatures) => crypto.blsAggregate(signatures),
    verifyQuorum: (body, members, signature) =>
      crypto.blsFastAggregateVerify(
        signature,
        message(body),
        members.map((m) => m.bls),
      ),
  }
}

/** The port of one node of one chain. */
export function bftCrypto(chainId: CID, keys: BftKeys, crypto: Checks): BftCrypto {
  return {
    ...bftChecks(chainId, crypto),
    signVote: (body) => keys.voter.sign(signedOf(chainId, body)),
    signProposal: (body) => keys.signNode(proposalMessage(chainId, body)),
  }
}
