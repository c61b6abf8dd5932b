/**
 * Signatures of the simulator: fast, and unforgeable in it by construction. A tag depends on a secret of the run that no strategy is handed;
 * a node holds only the function that signs as itself. They prove nothing outside.
 */
import type { BftCrypto, Member, ProposalBody, VoteBody } from '../../../runtime/consensus/messages/index.ts'

/** 64 bits of a text, by two multiplicative hashes: a tag, not cryptography. */
function tagOf(text: string, bytes: number): Uint8Array {
  let a = 0x811c9dc5
  let b = 0x9e3779b9
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    a = Math.imul(a ^ c, 0x01000193)
    b = Math.imul(b ^ c, 0x85ebca6b) ^ (b >>> 13)
  }
  const out = new Uint8Array(bytes)
  const view = new DataView(out.buffer)
  view.setUint32(0, a)
  view.setUint32(4, b)
  return out
}

const sameTag = (x: Uint8Array, y: Uint8Array): boolean => {
  if (x.length !== y.length) return false
  for (let i = 0; i < 8; i++) if (x[i] !== y[i]) return false
  return true
}

/** Parts of what is signed that a run may leave out: the defence against replay taken away. */
export type Unsigned = 'phase' | 'height' | 'chain'

export class SimulatedSignatures {
  readonly #secret: string
  readonly #left: ReadonlySet<Unsigned>

  constructor(seed: number, left: readonly Unsigned[] = []) {
    this.#secret = `run ${seed}`
    this.#left = new Set(left)
  }

  #vote(chain: string, v: VoteBody, key: string): Uint8Array {
    const [c, h, p] = [
      this.#left.has('chain') ? '' : chain,
      this.#left.has('height') ? '' : v.height,
      this.#left.has('phase') ? '' : v.phase,
    ]
    return tagOf(`${this.#secret}/${key}/${c}/${h}/${v.round}/${p}/${v.block ?? '-'}`, 96)
  }

  #proposal(chain: string, p: ProposalBody, key: string): Uint8Array {
    return tagOf(`${this.#secret}/${key}/${chain}/p/${p.height}/${p.round}/${p.validRound}/${p.block}`, 64)
  }

  /** The port of one node. */
  of(key: string, chain = 'sim'): BftCrypto {
    const name = (m: Member): string => String(m.bls[0])
    const sum = (tags: readonly Uint8Array[]): Uint8Array => {
      const out = new Uint8Array(96)
      for (const tag of tags) for (let i = 0; i < 8; i++) out[i] = (out[i] as number) ^ (tag[i] as number)
      return out
    }
    return {
      signVote: (body) => this.#vote(chain, body, key),
      verifyVote: (body, member, signature) => sameTag(signature, this.#vote(chain, body, name(member))),
      verifyVotes: (votes) => votes.every(({ body, member, signature }) => sameTag(signature, this.#vote(chain, body, name(member)))),
      signProposal: (body) => this.#proposal(chain, body, key),
      verifyProposal: (body, member, signature) => sameTag(signature, this.#proposal(chain, body, name(member))),
      aggregate: sum,
      verifyQuorum: (body, members, signature) => sameTag(signature, sum(members.map((m) => this.#vote(chain, body, name(m))))),
    }
  }
}
