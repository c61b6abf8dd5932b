/** Who may run now: runs in flight and the memory of those that wait, in all and by tenant. Beyond it there is no queue but a refusal. */
import { LIMITS, UtnetError, type LimitName } from '../../core/index.ts'

/** A run that was let in. */
export interface Ticket {
  readonly tenant: string
  /** Memory that its instance is known to hold while it waits. */
  bytes: number
}

interface Tenant {
  runs: number
  bytes: number
}

/** What a client is told to wait before it asks again. */
const RETRY_AFTER_SECONDS = 1

function busy(limit: LimitName, used: number, what: string): UtnetError {
  const allowed = LIMITS[limit]
  return new UtnetError('host_busy', `${what}: ${used} is over the limit ${limit} of ${allowed}`, {
    limit,
    used,
    allowed,
    hint: `try again in ${RETRY_AFTER_SECONDS} s`,
    details: { retryAfterSeconds: RETRY_AFTER_SECONDS },
  })
}

export class Admission {
  readonly #tenants = new Map<string, Tenant>()
  #runs = 0
  #bytes = 0

  /** Runs in flight. */
  get runs(): number {
    return this.#runs
  }

  /** Lets a run in, which must `leave`. Throws `host_busy`. */
  enter(tenant: string): Ticket {
    if (this.#runs >= LIMITS.runsInFlight) throw busy('runsInFlight', this.#runs + 1, 'runs in flight')
    const found = this.#tenants.get(tenant)
    if (found === undefined) this.#tenants.set(tenant, { runs: 1, bytes: 0 })
    else {
      if (found.runs >= LIMITS.tenantRuns) throw busy('tenantRuns', found.runs + 1, `runs of ${tenant} in flight`)
      found.runs++
    }
    this.#runs++
    return { tenant, bytes: 0 }
  }

  /** Notes the memory of a run that is about to wait; others run meanwhile. Throws `host_busy` where it may not hold that much. */
  hold(ticket: Ticket, bytes: number): void {
    const tenant = this.#tenants.get(ticket.tenant) as Tenant
    const more = bytes - ticket.bytes
    if (tenant.bytes + more > LIMITS.tenantBytes)
      throw busy('tenantBytes', tenant.bytes + more, `memory that runs of ${ticket.tenant} hold`)
    if (this.#bytes + more > LIMITS.heldBytes) throw busy('heldBytes', this.#bytes + more, 'memory that runs hold')
    tenant.bytes += more
    this.#bytes += more
    ticket.bytes = bytes
  }

  leave(ticket: Ticket): void {
    const tenant = this.#tenants.get(ticket.tenant) as Tenant
    tenant.bytes -= ticket.bytes
    this.#bytes -= ticket.bytes
    this.#runs--
    if (--tenant.runs === 0) this.#tenants.delete(ticket.tenant)
  }
}
