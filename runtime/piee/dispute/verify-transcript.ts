/** Checks a transcript as a stranger does: every signature and deadline, every step of the dispute, and the referee's run once more. */
import { asUtnetError, equalBytes, fileCid, type NamedTensor, type OperatorRunner } from '../../core/index.ts'
import type { Outline } from '../outline.ts'
import { accept, atHeight, openDispute, outcomeBytes, turnOf, type Dispute, type Outcome, type Terms } from './machine.ts'
import { settle, type Settled } from './referee.ts'
import { decodeTranscript, fitHeads, transcriptToSign, type Transcript } from './transcript.ts'

/** A model as a stranger runs it. */
export interface ModelAtHand {
  readonly runner: OperatorRunner
  /** The outline of runs on inputs of these shapes; on these inputs themselves, where they are given. */
  outline(claim: Transcript['claim'], inputs: readonly NamedTensor[] | null): Promise<Outline>
  close(): Promise<void>
}

/** What a stranger brings: a check of signatures, and a device for the model. */
export interface TranscriptPorts {
  readonly verify: Terms['verify']
  /** Loads the model's file. */
  load(model: Uint8Array): Promise<ModelAtHand>
  /** The file of the model, for transcripts without it. */
  readonly model?: Uint8Array
}

/** One line of the verdict. */
export interface TranscriptCheck {
  readonly name: 'file' | 'referee' | 'model' | 'inputs' | 'messages' | 'outcome'
  readonly ok: boolean
  readonly detail: string
}

/** The verdict: valid when every check holds. */
export interface VerifiedTranscript {
  readonly valid: boolean
  readonly checks: readonly TranscriptCheck[]
  /** Who lost and why, as this check found it. */
  readonly outcome?: Outcome
  readonly ran?: Settled['ran']
}

/** Checks a transcript's file. Never throws for what the file says: a broken one is not valid. */
export async function verifyTranscript(bytes: Uint8Array, ports: TranscriptPorts): Promise<VerifiedTranscript> {
  const checks: TranscriptCheck[] = []
  const check = (name: TranscriptCheck['name'], ok: boolean, detail: string): boolean => {
    checks.push({ name, ok, detail })
    return ok
  }
  const failed = (): VerifiedTranscript => ({ valid: false, checks })

  let transcript: Transcript
  try {
    transcript = decodeTranscript(bytes)
  } catch (thrown) {
    check('file', false, asUtnetError(thrown).message)
    return failed()
  }
  check('file', true, `${bytes.length} bytes, ${transcript.messages.length} messages`)
  const signed = ports.verify(transcript.sig, transcriptToSign(transcript), transcript.referee)
  if (!check('referee', signed, signed ? `signed, ${transcript.arithmetic}` : 'the signature of the referee is wrong')) return failed()

  const { claim } = transcript
  const asked = claim.model.toString()
  const file = ports.model ?? transcript.model
  if (file === null) {
    check('model', false, `the transcript is without its model ${asked}`)
    return failed()
  }
  // Both are looked at: whoever names a model asks about that one.
  const brought = [file, transcript.model ?? file].map((bytes) => fileCid(bytes).toString())
  const own = brought.find((cid) => cid !== asked) ?? asked
  if (!check('model', own === asked, own === asked ? own : `${own}, where the claim is about ${asked}`)) return failed()
  if (transcript.inputs !== null && !check('inputs', fitHeads(transcript.inputs, claim.inputs), 'as the claim has them')) return failed()

  const model = await ports.load(file)
  try {
    const outline = await model.outline(claim, transcript.inputs)
    let dispute = openDispute(
      { claim, challenger: transcript.challenger, outline, blocks: transcript.blocks, verify: ports.verify },
      transcript.height,
    )
    for (const [height, message] of transcript.messages) dispute = accept(dispute, message, height)
    dispute = atHeight(dispute, transcript.closed)
    if (
      !check('messages', over(dispute), over(dispute) ? 'each signed, in its turn and in time' : `message ${dispute.sent + 1} is still due`)
    )
      return failed()
    const { outcome, ran } = await settle(dispute, model.runner)
    const same = equalBytes(outcomeBytes(outcome), outcomeBytes(transcript.outcome))
    check('outcome', same, `${outcome.losers.join(' and ')} lost: ${outcome.detail} (${outcome.reason})`)
    return { valid: checks.every(({ ok }) => ok), checks, outcome, ran }
  } catch (thrown) {
    check(checks.some(({ name }) => name === 'messages') ? 'outcome' : 'messages', false, asUtnetError(thrown).message)
    return failed()
  } finally {
    await model.close()
  }
}

const over = (dispute: Dispute): boolean => turnOf(dispute) === undefined
