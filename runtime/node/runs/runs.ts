/** What invoke and infer share: a receipt around a run. */
import type { Issued, OpenRun } from '../../receipts/index.ts'
import { asUtnetError, type CID, type ReceiptTicket, type Retention, type RunStatus, type UtnetError } from '../../core/index.ts'
import type { Parts, RunParts } from '../parts.ts'

export interface RunContext {
  readonly chainId: CID
  readonly height: number
  readonly time: number
}

/** The context of a run that begins now: the head, and a time that no later block may be older than. */
export function contextNow(parts: Pick<RunParts, 'chain' | 'clock' | 'producer'>): {
  readonly context: RunContext
  readonly chainSeed: Uint8Array
} {
  const { header } = parts.chain.head()
  const time = Math.max(parts.clock.nowMs(), header.time)
  parts.producer.noteTime(time)
  return { context: { chainId: parts.chain.chainId, height: header.height, time }, chainSeed: header.seed }
}

const noAttestation = (): Uint8Array => new Uint8Array(0)

/** Works inside a receipt's slot: what throws leaves no receipt. */
export function inSlot<T>(run: Pick<OpenRun, 'abandon'>, work: () => T): T {
  try {
    return work()
  } catch (error) {
    run.abandon()
    throw asUtnetError(error)
  }
}

/** The same of work that takes its time. */
export async function inSlotUntil<T>(run: Pick<OpenRun, 'abandon'>, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    run.abandon()
    throw asUtnetError(error)
  }
}

/** Calls back once with the ticket of an issued receipt: when it is durable, or sealed where the caller does not wait. */
export function whenTicketed(
  run: Pick<OpenRun, 'salt'>,
  issued: Issued,
  gas: bigint,
  later: boolean,
  done: (failure: UtnetError | undefined, ticket: ReceiptTicket | undefined) => void,
): void {
  const ticket = (salt: Uint8Array, attestationOf: () => Uint8Array): void => {
    let made: ReceiptTicket
    try {
      made = { id: issued.idText, gas: gas.toString(), salt, attestation: attestationOf() }
    } catch (error) {
      done(asUtnetError(error), undefined)
      return
    }
    done(undefined, made)
  }
  // Who does not wait has the salt before it is written, and may change it.
  if (later) issued.whenSealed(() => ticket(new Uint8Array(run.salt), noAttestation))
  else issued.whenDurable((failure) => (failure === undefined ? ticket(run.salt, () => issued.attestation()) : done(failure, undefined)))
}

/** The same as a promise. */
export const ticketOf = (run: OpenRun, issued: Issued, gas: bigint, later: boolean): Promise<ReceiptTicket> =>
  new Promise((resolve, reject) => {
    whenTicketed(run, issued, gas, later, (failure, ticket) => (ticket === undefined ? reject(failure) : resolve(ticket)))
  })

/** Tells listeners of a receipt: its id is made only where there are any. */
export function announce(parts: Pick<Parts, 'events'>, issued: Issued, kind: 'invoke' | 'infer', status: RunStatus, gas: bigint): void {
  if (!parts.events.heard()) return
  // With the rest of its batch, its id costs least.
  issued.whenSealed(() => parts.events.emit({ type: 'receipt', id: issued.idText, kind, status, gas: gas.toString() }))
}

/** The retention of a run: a caller may ask for less to be kept than the route keeps, never for more. */
export function strictest(route: Retention, asked: Retention | undefined): Retention {
  const order: readonly Retention[] = ['public', 'sealed', 'none']
  return asked !== undefined && order.indexOf(asked) > order.indexOf(route) ? asked : route
}
