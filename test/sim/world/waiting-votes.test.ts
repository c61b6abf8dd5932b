import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Bft, type BftEffect, type BftEvent } from '../../../runtime/consensus/bft/index.ts'
import { type Message, type Vote } from '../../../runtime/consensus/messages/index.ts'
import { SimulatedSignatures } from './simulated-signatures.ts'

/** The machine that checks each vote when it comes. */
class EagerBft extends Bft {
  protected override votesWait(): boolean {
    return false
  }
}

const SEATS = 5
const POWERS = [1, 2, 3, 2, 1]
const BLOCKS = ['a', 'b'].map((c) => c.repeat(64))
const signatures = new SimulatedSignatures(1)
const ports = POWERS.map((_, i) => signatures.of(String(i)))
const members = POWERS.map((power, i) => ({ key: Uint8Array.of(i), bls: Uint8Array.of(i), power }))
const setup = { height: 1, members, self: 0, leaderOf: (round: number) => round % SEATS }
const payloadOf = (block: number, round: number): Uint8Array => Uint8Array.of(block, round)
const labelOf = (payload: Uint8Array) => ({ id: BLOCKS[payload[0] as number] as string, height: 1, round: payload[1] as number })

type Said =
  | {
      readonly kind: 'vote'
      readonly voter: number
      readonly round: number
      readonly phase: Vote['phase']
      readonly block: number
      readonly good: boolean
    }
  | { readonly kind: 'proposal'; readonly round: number; readonly block: number }
  | { readonly kind: 'late'; readonly step: 'propose' | 'prevote' | 'precommit' | 'resend' }

const said: fc.Arbitrary<Said> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant('vote' as const),
      voter: fc.integer({ min: 1, max: SEATS - 1 }),
      // two rounds ahead at most: of more only the highest are kept, and which these are may hang on what was checked
      round: fc.integer({ min: 0, max: 2 }),
      phase: fc.constantFrom('prevote' as const, 'precommit' as const),
      // mostly for one block, now and then for the other or for none
      block: fc.constantFrom(0, 0, 0, 1, 2),
      good: fc.integer({ min: 0, max: 9 }).map((n) => n > 0),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('proposal' as const), round: fc.nat(2), block: fc.nat(1) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('late' as const),
      step: fc.constantFrom('propose' as const, 'prevote' as const, 'precommit' as const, 'resend' as const),
    }),
  },
)

/** Bad signatures differ: the same bad bytes twice are a vote heard again for who has not looked at them. */
function messageOf(s: Exclude<Said, { kind: 'late' }>, at: number): Message {
  if (s.kind === 'vote') {
    const body = { height: 1, round: s.round, phase: s.phase, block: BLOCKS[s.block] ?? null }
    const signature = (ports[s.voter] as (typeof ports)[number]).signVote(body).map((byte, i) => (s.good || i > 0 ? byte : byte ^ (at + 1)))
    return { kind: 'vote', ...body, voter: s.voter, signature }
  }
  const body = { height: 1, round: s.round, validRound: -1, block: BLOCKS[s.block] as string }
  const proposer = s.round % SEATS
  const signature = (ports[proposer] as (typeof ports)[number]).signProposal(body)
  return { kind: 'proposal', ...body, proposer, payload: payloadOf(s.block, s.round), lock: null, signature }
}

/** What a machine does: all its effects but what it says of bad messages, and what it says of those. */
function play(machine: typeof Bft, script: readonly Said[]) {
  const bft = new machine({ crypto: ports[0] as (typeof ports)[number], labelOf })
  const refused: string[] = []
  const deeds: string[][] = []
  const step = (event: BftEvent): void => {
    const effects: BftEffect[] = [...bft.step(event)]
    const did: string[] = []
    for (let i = 0; i < effects.length; i++) {
      const e = effects[i] as BftEffect
      if (e.type === 'build')
        effects.push(...bft.step({ type: 'built', height: 1, round: e.round, payload: payloadOf(e.round & 1, e.round) }))
      if (e.type === 'check') effects.push(...bft.step({ type: 'checked', height: 1, block: e.block, valid: true, timely: true }))
      if (e.type === 'refuse') refused.push(`${e.from} ${e.why}`)
      // who says a known vote again under a bad signature may get votes for it, or is found out first
      else if (e.type === 'send' && e.to?.startsWith('liar') === true) continue
      // which members' votes a quorum is put together of may differ, what it is of may not
      else
        did.push(
          JSON.stringify(e, (key, value: unknown) =>
            key === 'signers' || key === 'signature' || key === 'choices'
              ? undefined
              : key === 'before' && Array.isArray(value)
                ? value.length > 0
                : value,
          ),
        )
    }
    deeds.push(did.sort())
  }
  step({ type: 'enter', setup })
  for (const [i, s] of script.entries()) {
    if (s.kind === 'late') step({ type: 'timeout', height: 1, round: bft.round, step: s.step })
    else step({ type: 'message', from: `${s.kind === 'vote' && !s.good ? 'liar' : 'peer'} ${i}`, message: messageOf(s, i) })
  }
  return { deeds, refused, round: bft.round }
}

test('a machine in which votes wait does what one does that checks each at once, at the same events', () => {
  fc.assert(
    fc.property(fc.array(said, { minLength: 20, maxLength: 120 }), (script) => {
      const lazy = play(Bft, script)
      const eager = play(EagerBft, script)
      // evidence may be found in the other order of the two votes, of another place, or only when somebody needs one of them: but of the same members
      const but = (deeds: string[][]): string[][] => deeds.map((d) => d.filter((e) => !e.includes('"evidence"')))
      expect(but(lazy.deeds)).toEqual(but(eager.deeds))
      const accused = (deeds: string[][]): (string | undefined)[] =>
        deeds.flat().flatMap((e) => (e.includes('"evidence"') ? [/"member":(\d+)/.exec(e)?.[1]] : []))
      expect(accused(lazy.deeds).sort()).toEqual(accused(eager.deeds).sort())
      expect(lazy.round).toBe(eager.round)
      for (const { refused } of [lazy, eager]) expect(refused.filter((r) => r.startsWith('peer') && r.endsWith('signature'))).toEqual([])
    }),
    { numRuns: Number(process.env['RUNS'] ?? 100) },
  )
})
