/** Where every run gets its instance: from the pool or new, with its place among the runs in flight. */
import { UtnetError } from '../../../core/index.ts'
import { Admission, InstancePool, SpareMemories, type Ticket } from '../../pool/index.ts'
import { GuestInstance, type Turns } from './instance.ts'
import type { PreparedGuest } from './prepared.ts'
import { dropped } from './reclaim.ts'
import type { Budget, RunState } from '../imports/index.ts'

/** Told when a guest begins to hold the thread and when none holds it any more: what a second fence outside of the thread needs. */
export interface Watch {
  /** Again for each run that goes on after it waited. */
  enter(): void
  leave(): void
}

/** An instance with a run in it; to be given back by `end`. */
export interface Run<S extends RunState> {
  readonly instance: GuestInstance
  readonly state: S
  readonly tenant: string
}

/** Throws `core_bad_argument` unless a gas limit is one. */
function agas(limit: bigint): bigint {
  if (typeof limit !== 'bigint' || limit < 0n || limit > 0x7fff_ffff_ffff_ffffn) {
    throw new UtnetError('core_bad_argument', `the gas limit must be an unsigned integer below 2^63, got ${String(limit)}`)
  }
  return limit
}

export class Runs {
  readonly pool: InstancePool<PreparedGuest, GuestInstance>
  readonly admission = new Admission()
  readonly #spare = new SpareMemories()
  readonly #pooling: boolean
  readonly #turns: Turns
  #depth = 0

  /** Idle instances take at most `pooledBytes`; 0 makes a new one for each run. */
  constructor(pooledBytes: number, watch: Watch | undefined) {
    this.pool = new InstancePool(pooledBytes)
    this.#pooling = pooledBytes > 0
    this.#turns = {
      enter: () => {
        this.#depth++
        watch?.enter()
      },
      leave: () => {
        if (--this.#depth === 0) watch?.leave()
      },
      wait: () => undefined,
    }
  }

  /**
   * Begins a run with the state that `make` gives it. One that may wait has a ticket; one that may not is over before another begins,
   * so there is nothing to queue. Throws `core_bad_argument` and `host_fault`.
   */
  begin<S extends RunState>(guest: PreparedGuest, gasLimit: bigint, tenant: string, make: (meter: Budget) => S, ticket?: Ticket): Run<S> {
    const limit = agas(gasLimit)
    const poolable = this.#pooling && guest.poolable
    let instance = poolable ? this.pool.take(guest) : undefined
    if (instance === undefined) {
      instance = new GuestInstance(guest, guest.lent && this.#spare.take(guest.lent))
      if (poolable) this.pool.made(guest, instance)
    }
    const state = make(instance)
    instance.begin(limit, state, ticket === undefined ? this.#turns : this.#waiting(ticket))
    return { instance, state, tenant }
  }

  #waiting(ticket: Ticket): Turns {
    const { enter, leave } = this.#turns
    return { enter, leave, wait: (bytes) => this.admission.hold(ticket, bytes) }
  }

  /** Ends a run, however it ended. */
  end<S extends RunState>({ instance, tenant }: Run<S>): void {
    const { guest } = instance
    const kept = this.#pooling && guest.poolable && instance.sound && this.pool.give(guest, instance, tenant)
    if (!kept && !this.#spared(instance)) dropped(instance.bytes.length)
  }

  /** Keeps the memory of an instance that will not run again. Not of one that was suspended: it would have to be shown that nothing of it comes back. */
  #spared({ guest, lent }: GuestInstance): boolean {
    return lent !== undefined && guest.lent !== undefined && !guest.suspends && this.#spare.give(guest.lent, lent)
  }
}
