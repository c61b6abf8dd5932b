/**
 * Tendermint's algorithm (arXiv 1807.04938, algorithm 1; its line numbers stand below) as a pure machine: events in, effects out. It has no clock and
 * no disk; whoever drives it carries the effects out in order.
 *
 * Beside the paper: a proposal of an old block carries the prevotes that justify it, a lock is told to others with its block, a final block with its
 * certificate ends a height, and messages are held within bounds. So a network may lose what it likes: what is sent again suffices.
 */
import { Ballots } from './ballots.ts'
import {
  proposalEvidence,
  heightOf,
  type BlockId,
  type FinalNotice,
  type LockNotice,
  type Message,
  type Proposal,
  type Quorum,
  type Vote,
  type BftPorts,
  type HeightSetup,
  type Member,
  holdsHonest,
  makeQuorum,
  type SignedRow,
} from '../messages/index.ts'
import { OFFENCES, type BftEffect, type BftEvent, type Peer, type Refusal, type TimedStep } from './events.ts'
import { Inbox } from './inbox.ts'
import { KnownBlocks } from './known-blocks.ts'
import { checkFinal, checkLock, checkProposal, checkProposer, isCertified, isJustified } from './message-checks.ts'
import { OwnMessages, type Beliefs } from './own-messages.ts'
import type { RoundBook, RoundLog } from './rounds.ts'
import { nextMove, type Step } from './rules.ts'
import { Stragglers } from './stragglers.ts'
import { RESEND_MS, timeoutMs } from './timeouts.ts'

type Lock = { readonly round: number; readonly block: BlockId }

export class Bft {
  readonly #ports: BftPorts
  readonly #baseMs: number
  readonly #inbox = new Inbox()
  #setup: HeightSetup | undefined
  #ballots: Ballots
  #own: OwnMessages | undefined
  #blocks: KnownBlocks
  #round = 0
  #step: Step = 'propose'
  #locked: Lock | undefined
  #valid: LockNotice | undefined
  /** A checked certificate whose block is still being run. */
  #final: FinalNotice | undefined
  #done = false
  readonly #stragglers = new Stragglers()
  #out: BftEffect[] = []

  /** `baseMs` is the time-out of round 0. */
  constructor(ports: BftPorts, baseMs = 1_000) {
    this.#ports = ports
    this.#baseMs = baseMs
    this.#ballots = this.#newBallots([])
    this.#blocks = this.#newBlocks()
  }

  /** Height at work; undefined before the first. */
  get height(): number | undefined {
    return this.#setup?.height
  }

  get round(): number {
    return this.#round
  }

  /** Messages held: what a flood can grow. */
  get held(): number {
    return this.#inbox.size + this.#ballots.size + this.#blocks.size
  }

  /** Whether a final block of a height to come was heard, and who told one whose certificate does not hold: such a one is forgotten. */
  hasFinal({ height, members }: HeightSetup): ReturnType<Inbox['hasFinal']> {
    return this.#inbox.hasFinal(height, ({ certificate }) => isCertified(certificate, members, this.#ports.crypto))
  }

  /** Takes an event; gives the effects in order. */
  step(event: BftEvent): BftEffect[] {
    switch (event.type) {
      case 'enter':
        this.#enter(event.setup, event.row)
        break
      case 'message':
        this.#receive(event.from, event.message)
        break
      case 'timeout':
        this.#timeout(event.height, event.round, event.step)
        break
      case 'built':
        if (this.#working(event.height) && event.round === this.#round && this.#step === 'propose') this.#proposeNew(event.payload)
        break
      case 'checked':
        if (this.#working(event.height)) this.#blocks.checked(event.block, { valid: event.valid, timely: event.timely })
        break
      case 'code':
        this.#runAgain()
        break
    }
    this.#advance()
    const out = this.#out
    this.#out = []
    return out
  }

  /** Lines 23 and 29: may a locked validator prevote for the proposal? Safety hangs on this. */
  protected lockAllows(proposal: Proposal, locked: Lock | undefined): boolean {
    return locked === undefined || locked.block === proposal.block || locked.round <= proposal.validRound
  }

  /** Line 16: does a leader propose the valid block again? */
  protected proposesAgain(): boolean {
    return true
  }

  /** May votes wait until they could matter, to be checked together? */
  protected votesWait(): boolean {
    return true
  }

  /** Do the prevotes that a proposal carries justify it? */
  protected justified(proposal: Proposal, members: readonly Member[]): boolean {
    return isJustified(proposal, members, this.#ports.crypto)
  }

  get #beliefs(): Beliefs {
    return { locked: this.#locked, valid: this.#valid }
  }

  #working(height: number): boolean {
    return !this.#done && this.#setup?.height === height
  }

  get #members(): readonly Member[] {
    return this.#setup?.members ?? []
  }

  get #book(): RoundBook {
    return this.#ballots.book
  }

  get #total(): number {
    return this.#ballots.total
  }

  readonly #emit = (effect: BftEffect): void => {
    this.#out.push(effect)
  }

  #newBallots(members: readonly Member[]): Ballots {
    return new Ballots({ members, crypto: this.#ports.crypto, wait: this.votesWait(), emit: this.#emit })
  }

  #newBlocks(): KnownBlocks {
    return new KnownBlocks(this.#ports.labelOf, this.#emit)
  }

  #enter(setup: HeightSetup, row: SignedRow | undefined): void {
    this.#setup = setup
    this.#ballots = this.#newBallots(setup.members)
    this.#own = new OwnMessages(setup, this.#ports.crypto, this.#emit)
    this.#blocks = this.#newBlocks()
    this.#locked = undefined
    this.#valid = undefined
    this.#final = undefined
    this.#done = false
    this.#stragglers.reset()
    this.#timer('resend', RESEND_MS)
    if (row !== undefined && row.height === setup.height) this.#restore(row)
    else this.#startRound(0)
    for (const { from, message } of this.#inbox.take(setup.height)) {
      if (this.#done) break
      this.#receive(from, message)
      this.#advance()
    }
  }

  /** Goes on where a row was signed: the same votes again, never others. */
  #restore(row: SignedRow): void {
    this.#locked = row.locked
    if (row.valid !== undefined) {
      this.#valid = { kind: 'lock', ...row.valid }
      this.#blocks.learn(row.valid.payload)
    }
    const { proposal, prevote, precommit } = row
    this.#round = row.round
    const own = this.#own as OwnMessages
    own.restore(row)
    for (const vote of row.before) this.#ballots.count(vote)
    this.#step = precommit !== undefined ? 'precommit' : prevote !== undefined ? 'prevote' : 'propose'
    // the prevotes that justified it may have made way for newer ones: then others have it, or another round comes
    const justified = proposal !== undefined && (proposal.validRound < 0 || proposal.validRound === this.#valid?.quorum.round)
    if (justified) this.#proposed(own.sayProposal(proposal.block, proposal.payload, proposal.validRound, this.#beliefs))
    if (prevote !== undefined) this.#ballots.count(own.sayVote('prevote', prevote))
    if (precommit !== undefined) this.#ballots.count(own.sayVote('precommit', precommit))
    if (this.#step === 'propose') this.#timer('propose', timeoutMs(this.#baseMs, this.#round))
  }

  /** Line 11. */
  #startRound(round: number): void {
    const setup = this.#setup as HeightSetup
    this.#round = round
    this.#step = 'propose'
    const before = this.#ballots.endOf(round - 1)
    this.#book.moved(round)
    this.#forgetBlocks()
    // nobody says them again
    this.#ballots.checkThose((vote) => vote.round < round - 1, round)
    ;(this.#own as OwnMessages).startRound(round, before)
    this.#timer('propose', timeoutMs(this.#baseMs, round))
    const early = this.#book.get(round)?.proposal
    if (early !== undefined) this.#blocks.learn(early.payload)
    if (setup.self < 0 || setup.leaderOf(round) !== setup.self) return
    if (this.#valid === undefined || !this.proposesAgain()) this.#emit({ type: 'build', height: setup.height, round })
    // prevotes of this very round justify nothing in it
    else if (this.#valid.quorum.round < round) this.#propose(this.#valid.payload, this.#valid.quorum.block, this.#valid.quorum.round)
  }

  /** Of blocks those stay that a round which is kept proposed or voted for, and those that are locked on, may be proposed again, or are final. */
  #forgetBlocks(): void {
    const wanted = new Set<BlockId | null | undefined>([this.#locked?.block, this.#valid?.quorum.block, this.#final?.certificate.block])
    for (const [, { proposal, prevote, precommit }] of this.#book.all())
      for (const block of [proposal?.block, ...prevote.blocks(), ...precommit.blocks()]) wanted.add(block)
    this.#blocks.keepOnly(wanted)
  }

  #proposeNew(payload: Uint8Array): void {
    const setup = this.#setup as HeightSetup
    if (setup.leaderOf(this.#round) !== setup.self || this.#own?.proposed === true) return
    const label = this.#ports.labelOf(payload)
    if (label === undefined || label.height !== setup.height || label.round !== this.#round) return
    this.#blocks.built(label.id, payload)
    this.#propose(payload, label.id, -1)
  }

  #propose(payload: Uint8Array, block: BlockId, validRound: number): void {
    this.#proposed((this.#own as OwnMessages).propose(block, payload, validRound, this.#beliefs))
  }

  #proposed(own: Proposal): void {
    this.#blocks.learn(own.payload)
    this.#book.at(this.#round).proposal = own
  }

  #vote(phase: Vote['phase'], block: BlockId | null): void {
    this.#step = phase
    if ((this.#setup as HeightSetup).self >= 0) this.#ballots.count((this.#own as OwnMessages).vote(phase, block, this.#beliefs))
  }

  #timer(step: TimedStep, ms: number): void {
    this.#emit({ type: 'timer', height: (this.#setup as HeightSetup).height, round: this.#round, step, ms })
  }

  #timeout(height: number, round: number, step: TimedStep): void {
    if (!this.#working(height)) return
    if (step === 'resend') {
      this.#resend()
      return
    }
    if (round !== this.#round) return
    if (step === 'propose' && this.#step === 'propose') this.#vote('prevote', null)
    else if (step === 'prevote' && this.#step === 'prevote') this.#vote('precommit', null)
    else if (step === 'precommit') this.#startRound(round + 1)
  }

  /** Blocks that lacked code are looked at again, as long as they matter: final ones before those that may become so. Of others nothing is asked. */
  #runAgain(): void {
    if (this.#setup === undefined || this.#done) return
    const proposed = this.#book.get(this.#round)?.proposal?.block
    const blocks = [this.#final?.certificate.block, this.#ballots.decided()?.[1], this.#valid?.quorum.block, proposed]
    this.#blocks.again(this.#setup.height, blocks)
  }

  /** What was said may have been lost. */
  #resend(): void {
    this.#runAgain()
    this.#stragglers.again()
    for (const message of this.#own?.said ?? []) this.#emit({ type: 'send', message })
    if (this.#valid !== undefined) this.#emit({ type: 'send', message: this.#valid })
    if (this.#ballots.decided() !== undefined)
      this.#emit({ type: 'send', message: { kind: 'want', height: (this.#setup as HeightSetup).height } })
    this.#timer('resend', RESEND_MS)
  }

  #receive(from: Peer, message: Message): void {
    const why = this.#take(from, message)
    const round = 'round' in message && message.height === this.height ? message.round : undefined
    if (round !== undefined) this.#stragglers.seenIn(from, round)
    if (why === undefined) return
    this.#emit({ type: 'refuse', from, why })
    if (why === 'duplicate' && round !== undefined && round < this.#round) this.#help(from)
  }

  /**
   * A peer says again what it said in a round behind: it may lack votes that a liar showed to others only. It gets all that leads into the present
   * round: the votes of this one and of the one before. Not before something is signed here: until then a restart leads back, and who was shown votes of
   * this round would take it for one that needs no help.
   */
  #help(to: Peer): void {
    if ((this.#setup as HeightSetup).self >= 0 && this.#own?.saidIn(this.#round) !== true) return
    if (!this.#stragglers.help(to, this.#round)) return
    this.#ballots.checkThose((vote) => vote.round >= this.#round - 1, this.#round)
    for (const [round, log] of this.#book.all()) {
      if (round < this.#round - 1) continue
      for (const tally of [log.precommit, log.prevote]) for (const message of tally.all()) this.#emit({ type: 'send', to, message })
    }
  }

  #take(from: Peer, message: Message): Refusal | undefined {
    const present = this.#setup?.height
    const height = heightOf(message)
    if (present === undefined || message.kind === 'want' || message.kind === 'verdict' || message.kind === 'lack') return 'early'
    if (height < present || (height === present && this.#done)) return 'stale'
    if (height > present) {
      if (!this.#done && this.#stragglers.ask(from)) this.#emit({ type: 'send', to: from, message: { kind: 'want', height: present } })
      return this.#inbox.add(from, message, present) ? undefined : 'early'
    }
    switch (message.kind) {
      case 'vote':
        return this.#ballots.hear({ from, vote: message }, this.#round)
      case 'proposal':
        return this.#takeProposal(message)
      case 'lock':
        return this.#takeLock(message)
      case 'final':
        return this.#takeFinal(message)
    }
  }

  #takeProposal(p: Proposal): Refusal | undefined {
    const setup = this.#setup as HeightSetup
    const why = checkProposer(p, setup)
    if (why !== undefined) return why
    const first = p.round <= this.#round ? this.#book.get(p.round)?.proposal : undefined
    if (first !== undefined && first.block === p.block && first.validRound === p.validRound) return 'duplicate'
    const label = checkProposal(p, setup, this.#ports)
    if (typeof label === 'string') return label
    if (!this.justified(p, setup.members)) return 'lock'
    // of its rounds ahead the highest are kept: what it voted there counts
    if (p.round > this.#round) this.#ballots.checkThose((vote) => vote.voter === p.proposer, this.#round)
    if (!this.#book.admit(p.proposer, p.round, this.#round, setup.members)) return 'round'
    const log = this.#book.at(p.round)
    if (log.proposal === undefined) {
      log.proposal = p
      // a block of a turn to come is run when that comes: who leads many could have as many run, and pay for none
      if (p.round === this.#round) this.#blocks.learn(p.payload, label)
      return undefined
    }
    if (log.proposal.block === p.block && log.proposal.validRound === p.validRound) return 'duplicate'
    if (this.#book.tell(p.proposer)) this.#emit({ type: 'evidence', evidence: proposalEvidence(log.proposal, p) })
    return undefined
  }

  #takeLock(notice: LockNotice): Refusal | undefined {
    const { quorum, payload } = notice
    if (quorum.phase !== 'prevote') return 'lock'
    if (this.#valid !== undefined && quorum.round <= this.#valid.quorum.round) return 'duplicate'
    const label = checkLock(notice, this.#members, this.#ports)
    if (typeof label === 'string') return label
    // Line 42 of a round that others saw: what to propose, not what to vote for.
    this.#blocks.learn(payload, label)
    this.#valid = notice
    // line 55: more than a third is known to have been in that round
    if (quorum.round > this.#round) this.#startRound(quorum.round)
    return undefined
  }

  #takeFinal(notice: FinalNotice): Refusal | undefined {
    if (this.#final !== undefined) return 'duplicate'
    const label = checkFinal(notice, this.#members, this.#ports)
    if (typeof label === 'string') return label
    this.#blocks.learn(notice.payload, label)
    this.#final = notice
    return undefined
  }

  /** Has the block run that enough have decided on, where a proposal of any round brought it. */
  #learnDecided(block: BlockId): void {
    if (this.#blocks.get(block) !== undefined) return
    for (const [, { proposal }] of this.#book.all()) if (proposal?.block === block) this.#blocks.learn(proposal.payload)
  }

  /** Fires rules until none does. */
  #advance(): void {
    while (this.#setup !== undefined && !this.#done && this.#fire());
  }

  #fire(): boolean {
    this.#ballots.checkDue(this.#round)
    if (this.#tryCommit()) return false
    // line 55
    const ahead = this.#book.reached(this.#round, this.#members, (power) => holdsHonest(power, this.#total))
    if (ahead !== undefined) {
      this.#startRound(ahead)
      return true
    }
    const log = this.#book.at(this.#round)
    const move = nextMove({
      step: this.#step,
      log,
      total: this.#total,
      verdictOf: (block) => this.#blocks.get(block)?.verdict,
      lockAllows: (proposal) => this.lockAllows(proposal, this.#locked),
    })
    if (move === undefined) return false
    switch (move.type) {
      case 'vote':
        this.#vote(move.phase, move.block)
        break
      case 'lock':
        this.#lock(log, move.block)
        break
      case 'wait':
        log[`${move.step}Timer`] = true
        this.#timer(move.step, timeoutMs(this.#baseMs, this.#round))
        break
      case 'leave':
        this.#startRound(this.#round + 1)
    }
    return true
  }

  #lock(log: RoundLog, block: BlockId): void {
    log.locked = true
    const { height, members } = this.#setup as HeightSetup
    const body = { height, round: this.#round, phase: 'prevote', block } as const
    const quorum = makeQuorum(this.#ports.crypto, body, log.prevote.votesFor(block), members.length)
    this.#valid = { kind: 'lock', quorum, payload: (this.#blocks.get(block) as { readonly payload: Uint8Array }).payload }
    if (this.#step === 'prevote') {
      this.#locked = { round: this.#round, block }
      this.#vote('precommit', block)
    }
  }

  /** Line 49. */
  #tryCommit(): boolean {
    const final = this.#final ?? this.#finalOfVotes()
    if (final === undefined) return false
    const known = this.#blocks.get(final.certificate.block)
    if (known?.verdict === undefined) return false
    this.#done = true
    if (known.verdict.valid) this.#emit({ type: 'commit', final, told: this.#final !== undefined })
    else this.#emit({ type: 'halt', certificate: final.certificate })
    return true
  }

  #finalOfVotes(): FinalNotice | undefined {
    const decided = this.#ballots.decided()
    if (decided === undefined) return undefined
    const [round, block] = decided
    const known = this.#blocks.get(block)
    if (known?.verdict === undefined) {
      this.#learnDecided(block)
      return undefined
    }
    const { height, members } = this.#setup as HeightSetup
    const body = { height, round, phase: 'precommit', block } as const
    const votes = this.#book.at(round).precommit.votesFor(block)
    const certificate: Quorum = makeQuorum(this.#ports.crypto, body, votes, members.length)
    return { kind: 'final', certificate, payload: known.payload }
  }
}

/** True when a refusal shows that the peer is not honest. */
export const isOffence = (why: Refusal): boolean => OFFENCES.has(why)
