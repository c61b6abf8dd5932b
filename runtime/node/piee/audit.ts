/** An inference run again whole, and disputed where it is not what it should be: by the rules between strangers, here both parties and the referee in one process. */
import {
  commitRun,
  commitmentRoot,
  encodeCommitment,
  equalBytes,
  tensorHeads,
  UtnetError,
  type CID,
  type Commitment,
  type GraphRun,
} from '../../core/index.ts'
import { verifyEd25519 } from '../../crypto/native.ts'
import {
  accept,
  challenge,
  encodeTranscript,
  keptRun,
  nameDifference,
  open,
  openDispute,
  outlineOf,
  reveal,
  settle,
  type Claim,
  type Outcome,
  type SignedMessage,
  type SigningKey,
} from '../../piee/index.ts'
import type { ExactModels } from './exact-models.ts'

/** Blocks that a party has for a message. */
const BLOCKS = 64

export interface Audited {
  readonly outcome: Outcome
  /** What it came down to; null where it ended before. */
  readonly operator: {
    readonly entry: number
    readonly kind: string
    readonly name: string
    readonly share: number
    readonly part: boolean
  } | null
  readonly messages: readonly (readonly [height: number, SignedMessage])[]
  /** The transcript's file. */
  readonly transcript: Uint8Array
}

export interface Parties {
  readonly prover: SigningKey
  readonly challenger: SigningKey
  readonly referee: SigningKey
  /** Height of the chain's head. */
  height(): number
}

/**
 * Holds an answer against a run of one's own; undefined where they agree. `defended` is what the prover runs its defence from. Throws `core_bad_argument` where it is not what
 * the receipt's root stands for.
 */
export async function audit(
  receipt: CID,
  root: Uint8Array,
  defended: GraphRun,
  models: ExactModels,
  parties: Parties,
  file: Uint8Array | null,
): Promise<Audited | undefined> {
  const honest = await keptRun(await models.runner.run(defended.model, defended.inputs))
  const [committed, own] = await Promise.all([commitRun(defended), commitRun(honest)] as const)
  if (!equalBytes(commitmentRoot(committed), root))
    throw new UtnetError('core_bad_argument', 'the prover defends another run than it committed to')
  if (equalBytes(encodeCommitment(committed), encodeCommitment(own))) return undefined
  return play(receipt, committed, own, defended, honest, models, parties, file)
}

async function play(
  receipt: CID,
  committed: Commitment,
  own: Commitment,
  defended: GraphRun,
  honest: GraphRun,
  { operators }: ExactModels,
  { prover, challenger, referee, height }: Parties,
  file: Uint8Array | null,
): Promise<Audited> {
  const claim: Claim = {
    receipt,
    prover: prover.key,
    model: honest.model,
    inputs: tensorHeads(honest.inputs),
    root: commitmentRoot(committed),
  }
  const outline = outlineOf(honest)
  const opened = height()
  let dispute = openDispute({ claim, challenger: challenger.key, outline, blocks: BLOCKS, verify: verifyEd25519 }, opened)
  const messages: (readonly [number, SignedMessage])[] = []
  const moves = [
    async () => challenge(dispute, challenger, committed, own),
    () => reveal(dispute, prover, defended),
    () => nameDifference(dispute, challenger, honest),
    () => open(dispute, prover, defended, operators),
  ]
  for (const move of moves) {
    const message = await move()
    if (message === undefined) throw new UtnetError('node_internal', 'two commitments differ, but no value does')
    const at = Math.max(height(), dispute.height)
    dispute = accept(dispute, message, at)
    messages.push([at, message])
    if (dispute.outcome !== undefined) break
  }
  const { outcome, ran } = await settle(dispute, operators)
  const entry = ran === null ? undefined : outline.trace[ran.entry]
  const transcript = encodeTranscript(
    {
      claim,
      challenger: challenger.key,
      blocks: BLOCKS,
      height: opened,
      messages,
      closed: dispute.height,
      outcome,
      arithmetic: operators.arithmetic,
      model: file,
      inputs: outline.trace.some(({ path }) => path.length > 1) ? honest.inputs : null,
    },
    referee,
  )
  return {
    outcome,
    operator:
      ran === null || entry === undefined
        ? null
        : { entry: ran.entry, kind: entry.operator, name: entry.node, share: ran.cost / outline.cost, part: ran.part },
    messages,
    transcript,
  }
}
