/** What a validator answers to each message with one field wrong. Typed by the messages themselves: a kind or a field that is added must be answered here, and the tests must see each answer given. */
import { equalBytes } from '../../../runtime/core/index.ts'
import type { Refusal } from '../../../runtime/consensus/bft/index.ts'
import type { Message, Quorum } from '../../../runtime/consensus/messages/index.ts'

/** What is not refused: `kept` of a height to come, whose sender is asked for final blocks; `given` or `nothing` to who asks. */
type Answer = Refusal | 'kept' | 'given' | 'nothing'

type Kind = Message['kind']
type Of<K extends Kind> = Extract<Message, { readonly kind: K }>
/** Fields of a message, those of a quorum in it by `field.field`. */
type Paths<T> = {
  readonly [F in Exclude<keyof T, 'kind'> & string]: NonNullable<T[F]> extends Quorum
    ? `${F}.${keyof Quorum}` | (null extends T[F] ? F : never)
    : F
}[Exclude<keyof T, 'kind'> & string]
type Answers<K extends Kind> = { readonly [P in K]: Readonly<Record<Paths<Of<P>>, readonly Answer[]>> }

/** Messages about work behind final blocks, that the machine of agreement does not hear. */
type WorkKind = 'verdict' | 'lack'

const HEIGHT = ['kept', 'stale', 'early'] as const

/** Stale, early and round are ignored; all other refusals are offences, for which the sender may be banned. */
export const AGREEMENT: Answers<Exclude<Kind, WorkKind>> = {
  proposal: {
    height: HEIGHT,
    round: ['leader', 'round'],
    validRound: ['signature'],
    block: ['signature'],
    proposer: ['leader', 'member'],
    payload: ['payload'],
    lock: ['lock'],
    'lock.height': ['lock'],
    'lock.round': ['lock'],
    'lock.phase': ['lock'],
    'lock.block': ['lock'],
    'lock.signers': ['lock'],
    'lock.signature': ['lock'],
    signature: ['signature'],
  },
  vote: {
    height: HEIGHT,
    round: ['signature', 'round'],
    phase: ['signature'],
    block: ['signature'],
    voter: ['signature', 'member'],
    signature: ['signature'],
  },
  lock: {
    'quorum.height': HEIGHT,
    'quorum.round': ['lock'],
    'quorum.phase': ['lock'],
    'quorum.block': ['lock'],
    'quorum.signers': ['lock'],
    'quorum.signature': ['lock'],
    payload: ['payload'],
  },
  final: {
    'certificate.height': HEIGHT,
    'certificate.round': ['certificate'],
    'certificate.phase': ['certificate'],
    'certificate.block': ['certificate'],
    'certificate.signers': ['certificate'],
    'certificate.signature': ['certificate'],
    payload: ['payload'],
  },
  want: { height: ['nothing'] },
}

/** A verdict by who came to another result (`result`) is ignored too: it may be true. */
export const WORK: Answers<WorkKind> = {
  verdict: {
    height: ['early', 'stale', 'verdict'],
    block: ['verdict'],
    ok: ['result'],
    voter: ['member', 'signature'],
    signature: ['signature'],
  },
  lack: {
    height: ['early', 'stale'],
    have: ['verdict', 'given'],
  },
}

/** A table as lines `kind field: answer`, in order. */
export const answersOf = (table: Readonly<Record<string, Readonly<Record<string, readonly Answer[]>>>>): string[] =>
  Object.entries(table)
    .flatMap(([kind, fields]) =>
      Object.entries(fields).flatMap(([field, answers]) => answers.map((answer) => `${kind} ${field}: ${answer}`)),
    )
    .sort()

const isPlain = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !(value instanceof Uint8Array)

function* changes(good: Readonly<Record<string, unknown>>, bad: Readonly<Record<string, unknown>>): Generator<string> {
  for (const field of new Set([...Object.keys(good), ...Object.keys(bad)])) {
    const [a, b] = [good[field], bad[field]]
    if (isPlain(a) && isPlain(b)) for (const inner of changes(a, b)) yield `${field}.${inner}`
    else if (!(a instanceof Uint8Array && b instanceof Uint8Array ? equalBytes(a, b) : a === b)) yield field
  }
}

/** The field in which two messages differ; `kind` where they are of two kinds. Throws where it is not one. */
export function changedField(good: Message, bad: Message): string {
  if (good.kind !== bad.kind) return 'kind'
  const [field, ...more] = changes({ ...good }, { ...bad })
  if (field === undefined || more.length > 0) throw new Error(`not one field is changed: ${[field, ...more].join(', ')}`)
  return field
}
