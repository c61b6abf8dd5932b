import { beforeAll, describe, expect, test } from 'vitest'
import { fileCid, LIMITS, type NamedTensor } from '../../core/index.ts'
import { verifyEd25519 } from '../../crypto/native.ts'
import { loopRunner, runLoops, type LoopModel } from '../testing/loops.ts'
import { BLOCKS, caseOf, play, signerOf, tamperAt, testInput, testModel, type Case } from '../testing/kit.ts'
import { outlineOf } from '../index.ts'
import { atHeight } from './machine.ts'
import { readBody } from './messages.ts'
import { decodeTranscript, encodeTranscript } from './transcript.ts'
import { verifyTranscript, type TranscriptPorts } from './verify-transcript.ts'

/** The "file" of a model of loops is its name: the model is made of it again. */
const file = new TextEncoder().encode('transcripts')
const model: LoopModel = { ...testModel('transcripts', 4, 8), cid: fileCid(file) }
const inputs = testInput('transcripts', 5, 8)

const ports: TranscriptPorts = {
  verify: verifyEd25519,
  load: async () => ({
    runner: loopRunner(model),
    outline: async (claim, given) => outlineOf(runLoops(model, given ?? blank(claim.inputs.map(([name, , shape]) => [name, shape])))),
    close: async () => {},
  }),
}

const blank = (heads: readonly (readonly [string, readonly number[]])[]): NamedTensor[] =>
  heads.map(([name, shape]) => ({ name, dtype: 'f32', shape, data: new Uint8Array(shape.reduce((n, side) => n * side, 4)) }))

async function transcriptOf(
  c: Case,
  change: { readonly silentAt?: number; readonly withModel?: boolean; readonly withInputs?: boolean } = {},
): Promise<Uint8Array> {
  const { silentAt, withModel = true, withInputs = false } = change
  const { dispute, settled, messages } = await play(c, (number, message) => (number === silentAt ? undefined : message)).catch(() =>
    played(c, silentAt as number),
  )
  return encodeTranscript(
    {
      claim: c.claim,
      challenger: c.challenger.key,
      blocks: BLOCKS,
      height: 100,
      messages,
      closed: dispute.height + (silentAt === undefined ? 0 : BLOCKS + 1),
      outcome: settled.outcome,
      arithmetic: c.runner.arithmetic,
      model: withModel ? file : null,
      inputs: withInputs ? inputs : null,
    },
    signerOf('referee'),
  )
}

/** A dispute that a party leaves: the height ends it. */
async function played(c: Case, silentAt: number) {
  const messages: Awaited<ReturnType<typeof play>>['messages'][number][] = []
  let last: Awaited<ReturnType<typeof play>>['dispute'] | undefined
  await play(c, (number, message, dispute) => {
    last = dispute
    if (number === silentAt) return undefined
    if (message !== undefined) messages.push([dispute.height + 1, message])
    return message
  }).catch(() => {})
  const dispute = last as NonNullable<typeof last>
  const { outcome } = atHeight(dispute, dispute.height + BLOCKS + 1)
  return { dispute, settled: { outcome: outcome as NonNullable<typeof outcome>, ran: null }, messages }
}

describe('a transcript is checked by anyone', () => {
  let c: Case
  let good: Uint8Array
  beforeAll(async () => {
    c = await caseOf(model, inputs, tamperAt(4, 3))
    good = await transcriptOf(c)
  })

  test('who lost, why, and what the referee ran', async () => {
    const found = await verifyTranscript(good, ports)
    expect(found).toMatchObject({ valid: true, outcome: { losers: ['prover'], reason: 'wrong_output' }, ran: { entry: 4 } })
    expect(found.checks.map(({ name, ok }) => [name, ok])).toEqual([
      ['file', true],
      ['referee', true],
      ['model', true],
      ['messages', true],
      ['outcome', true],
    ])
  })

  test('its bytes are canonical', () => {
    const { sig, referee, ...rest } = decodeTranscript(good)
    expect(referee).toEqual(signerOf('referee').key)
    expect(sig.length).toBe(64)
    expect(encodeTranscript(rest, signerOf('referee'))).toEqual(good)
  })

  test('without the model it needs the file; with another one it fails; inputs must be those of the claim', async () => {
    const bare = await transcriptOf(c, { withModel: false, withInputs: true })
    expect((await verifyTranscript(bare, ports)).checks.at(-1)).toMatchObject({ name: 'model', ok: false })
    expect(await verifyTranscript(bare, { ...ports, model: file })).toMatchObject({ valid: true })
    for (const transcript of [bare, await transcriptOf(c)])
      expect((await verifyTranscript(transcript, { ...ports, model: file.slice(1) })).checks.at(-1)).toMatchObject({
        name: 'model',
        ok: false,
      })
    const other = await transcriptOf({ ...c, claim: c.claim }, { withInputs: true })
    const bent = encodeTranscript({ ...decodeTranscript(other), inputs: testInput('others', 5, 8) }, signerOf('referee'))
    expect((await verifyTranscript(bent, ports)).checks.at(-1)).toMatchObject({ name: 'inputs', ok: false })
  })

  test.each([1, 2, 3, 4])('silence at message %i is in the transcript too', async (silentAt) => {
    const found = await verifyTranscript(await transcriptOf(c, { silentAt }), ports)
    expect(found).toMatchObject({ valid: true, outcome: { losers: [silentAt % 2 === 1 ? 'challenger' : 'prover'], reason: 'silence' } })
  })

  test('a referee who names another loser, cuts messages off or shifts heights is found out', async () => {
    const { sig: _sig, referee: _referee, ...rest } = decodeTranscript(good)
    const told = async (change: Partial<typeof rest>) =>
      verifyTranscript(encodeTranscript({ ...rest, ...change }, signerOf('referee')), ports)
    expect(await told({ outcome: { ...rest.outcome, losers: ['challenger'] } })).toMatchObject({ valid: false })
    expect(await told({ messages: rest.messages.slice(0, 3) })).toMatchObject({ valid: false })
    expect(await told({ messages: rest.messages.map(([height, m]) => [height + 50, m] as const) })).toMatchObject({ valid: false })
    expect(await told({ messages: [...rest.messages].reverse() })).toMatchObject({ valid: false })
    expect(await told({ challenger: signerOf('another').key })).toMatchObject({ valid: false })
    expect(await told({ claim: { ...rest.claim, prover: signerOf('another').key } })).toMatchObject({ valid: false })
  })

  test('as long as the limits, and one over', () => {
    // zeros are no canonical message or transcript, which is what the reader gets to see at the limit
    const of = (read: (bytes: Uint8Array) => unknown, length: number): unknown => {
      try {
        return read(new Uint8Array(length))
      } catch (error) {
        return (error as { code?: string }).code
      }
    }
    expect(of(readBody, LIMITS.disputeMessageBytes)).toBe('core_not_canonical')
    expect(of(readBody, LIMITS.disputeMessageBytes + 1)).toBe('core_too_large')
    expect(of(decodeTranscript, LIMITS.transcriptBytes)).toBe('core_not_canonical')
    expect(of(decodeTranscript, LIMITS.transcriptBytes + 1)).toBe('core_too_large')
  })

  test('any byte changed, missing or added makes it fail', async () => {
    for (let at = 0; at < good.length; at += Math.max(1, Math.floor(good.length / 400))) {
      const bent = good.slice()
      bent[at] = (bent[at] as number) ^ 0x41
      expect((await verifyTranscript(bent, ports)).valid).toBe(false)
    }
    expect((await verifyTranscript(good.slice(0, -1), ports)).valid).toBe(false)
    expect((await verifyTranscript(new Uint8Array([...good, 0]), ports)).valid).toBe(false)
    expect((await verifyTranscript(new Uint8Array(), ports)).valid).toBe(false)
  })
})
