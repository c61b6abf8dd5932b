/** Signed transactions on their way from an edge thread to the main one: those that came in one turn go in one message, and are answered in one. */
import { asUtnetError, errorOfPlain, plainError, type NodeApi, type PlainError } from '../../core/index.ts'
import type { Link } from './link.ts'

/** Hashes of those that were taken, refusals of the others, in their order. */
export type SubmitAnswers = readonly (string | PlainError)[]

/** Transactions, one after the other, and the length of each. */
export interface PackedTxs {
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly lengths: readonly number[]
}

function pack(wires: readonly Uint8Array[]): PackedTxs {
  const lengths = wires.map((wire) => wire.length)
  const bytes = new Uint8Array(lengths.reduce((n, length) => n + length, 0))
  let at = 0
  for (const wire of wires) {
    bytes.set(wire, at)
    at += wire.length
  }
  return { bytes, lengths }
}

function unpack({ bytes, lengths }: PackedTxs): Uint8Array[] {
  let at = 0
  return lengths.map((length) => bytes.slice(at, (at += length)))
}

interface Waiting {
  readonly wire: Uint8Array
  readonly resolve: (taken: { readonly hash: string }) => void
  readonly reject: (error: unknown) => void
}

/** The thread's side: `submit` of the node over the link. */
export function farSubmit(link: Pick<Link, 'ask'>): NodeApi['submit'] {
  let waiting: Waiting[] = []
  const flush = (): void => {
    const sent = waiting
    waiting = []
    link.ask<SubmitAnswers>('submits', pack(sent.map(({ wire }) => wire))).then(
      (answers) => {
        for (const [i, { resolve, reject }] of sent.entries()) {
          const answer = answers[i] as string | PlainError
          if (typeof answer === 'string') resolve({ hash: answer })
          else reject(errorOfPlain(answer))
        }
      },
      (error: unknown) => {
        for (const { reject } of sent) reject(error)
      },
    )
  }
  return (wire) =>
    new Promise((resolve, reject) => {
      // at the end of the turn: what one read of the sockets brought goes together
      if (waiting.push({ wire, resolve, reject }) === 1) setImmediate(flush)
    })
}

/** The main thread's side. */
export function takeSubmits(api: Pick<NodeApi, 'submit'>): (txs: PackedTxs) => Promise<SubmitAnswers> {
  return (txs) =>
    Promise.all(
      unpack(txs).map((wire) =>
        api.submit(wire).then(
          ({ hash }) => hash,
          (error: unknown) => plainError(asUtnetError(error)),
        ),
      ),
    )
}
