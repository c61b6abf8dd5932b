/** Votes and certificates. What a key signed is durable before the signature leaves. */
import { bitsOf, equalBytes, precommitMessage, toHex, UtnetError, type Certificate } from '../../../core/index.ts'
import { checkCertificate } from '../../../crypto/index.ts'
import type { Voter } from '../../crypto-port.ts'
import type { ChainCore, ExecutedBlock } from '../head/index.ts'
import { decodeBlock, decodeVote, encodeBlock, encodeVote, PENDING_KEY, voteKey, type Block } from '../rows/index.ts'

/** The block that this node voted for before it stopped, if the next height is still open: it must be finished, not replaced. */
export function pendingBlock(core: ChainCore): Block | undefined {
  const bytes = core.kv.get(PENDING_KEY)
  if (bytes === undefined) return undefined
  const block = decodeBlock(bytes)
  return block.header.height === core.head.header.height + 1 ? block : undefined
}

export interface Vote {
  readonly bls: Uint8Array
  readonly signature: Uint8Array
}

/** Rows [key, value] that must be durable before a vote leaves. */
export type VoteRows = readonly (readonly [Uint8Array, Uint8Array])[]

/**
 * What has to be durable before a vote of these keys for the block leaves. Throws `chain_invalid` when a key has already signed another block at this
 * height and round, or anything later.
 */
export function voteRows(core: ChainCore, executed: ExecutedBlock, voters: readonly Voter[]): VoteRows {
  const { height, round } = executed.block.header
  const rows = voters.map(({ bls }) => {
    const bytes = core.kv.get(voteKey(bls))
    const last = core.votes.get(toHex(bls)) ?? (bytes === undefined ? undefined : decodeVote(bytes))
    const later = last === undefined || height > last.height || (height === last.height && round > last.round)
    const same = last !== undefined && last.height === height && last.round === round && equalBytes(last.block, executed.hash)
    if (!later && !same) {
      throw new UtnetError(
        'chain_invalid',
        `vote key ${toHex(bls)} already signed at height ${last?.height}, round ${last?.round}: a second vote would be punished`,
        {
          hint: 'use this key in one node only',
        },
      )
    }
    return [voteKey(bls), encodeVote({ height, round, block: executed.hash })] as const
  })
  for (const { bls } of voters) core.votes.set(toHex(bls), { height, round, block: executed.hash })
  return rows
}

/** The votes themselves: none may leave before the rows of `voteRows` are durable. */
export function signVotes(core: ChainCore, { block: { header }, hash }: ExecutedBlock, voters: readonly Voter[]): readonly Vote[] {
  const message = precommitMessage(core.rules.chainId, header.height, header.round, hash)
  return voters.map((voter) => ({ bls: voter.bls, signature: voter.sign(message) }))
}

/** Votes for a block with the given vote keys, which is noted as the one to finish; throws as `voteRows`. */
export async function voteFor(core: ChainCore, executed: ExecutedBlock, voters: readonly Voter[]): Promise<readonly Vote[]> {
  await core.kv.commit([...voteRows(core, executed, voters), [PENDING_KEY, encodeBlock(executed.block)]])
  return signVotes(core, executed, voters)
}

/** Puts votes together into a certificate; throws `chain_invalid` when they are not more than two thirds of the power. */
export function makeCertificate(core: ChainCore, executed: ExecutedBlock, votes: readonly Vote[]): Certificate {
  const { height, round } = executed.block.header
  const validators = core.sets.at(height)
  const places = new Set<number>()
  for (const { bls } of votes) {
    const at = validators.findIndex((v) => equalBytes(v.bls, bls))
    if (at < 0) throw new UtnetError('chain_invalid', `vote key ${toHex(bls)} is not in the validator set`)
    if (places.has(at)) throw new UtnetError('chain_invalid', `vote key ${toHex(bls)} voted twice`)
    places.add(at)
  }
  const signers = bitsOf(places, validators.length)
  const certificate = { height, round, block: executed.hash, signers, signature: core.crypto.blsAggregate(votes.map((v) => v.signature)) }
  checkBlockCertificate(core, executed, certificate)
  return certificate
}

/** Certificates found good, by the block that they are of: who makes one also commits it. */
const checked = new WeakMap<Certificate, Uint8Array>()

/** Throws `chain_invalid` unless the certificate is of this block. */
export function checkBlockCertificate(core: ChainCore, executed: ExecutedBlock, certificate: Certificate): void {
  if (checked.get(certificate) === executed.hash) return
  const { height, round } = executed.block.header
  const of = { chainId: core.rules.chainId, height, round, blockHash: executed.hash }
  checkCertificate(of, certificate, core.sets.at(height), core.crypto.blsFastAggregateVerify)
  checked.set(certificate, executed.hash)
}
