/** Idle instances by guest; the guest that was used least recently loses its own first. */
import { LIMITS } from '../../core/index.ts'
import { MemoryImage } from './image.ts'

/** An instance as the pool sees it. */
export interface Pooled {
  /** Its memory, or the first of several; empty where it has none. */
  readonly bytes: Uint8Array
  /** Bytes that it takes beside that memory; where nothing is said, those of one core instance. */
  readonly beside?: number
  /** Sets everything but the memory back. */
  reset(): void
}

/** What a tenant's idle instances take. */
interface Share {
  readonly tenant: string
  bytes: number
}

interface Idle<I> {
  readonly instance: I
  readonly share: Share
  readonly size: number
}

/** Tenants without idle instances that are remembered: most runs are of the same few. */
const REMEMBERED = 256

/** What a core instance takes beside its memory: objects of the engine and of ours. */
export const INSTANCE_BYTES = 16 * 1024

export class InstancePool<G extends object, I extends Pooled> {
  /** Guests with idle instances, the last used one last; of each guest the instance given back last is taken first: its memory is in the caches. */
  readonly #idle = new Map<G, Idle<I>[]>()
  readonly #images = new WeakMap<G, MemoryImage>()
  readonly #gone = new WeakSet<G>()
  readonly #shares = new Map<string, Share>()
  readonly #most: () => number
  #bytes = 0
  /** Of the images, which stay as long as their guests. */
  #imageBytes = 0
  #count = 0
  /** The guest that stands last. */
  #last: G | undefined

  /** Holds at most `most` bytes, which may change, of images and idle instances. */
  constructor(most: number | (() => number)) {
    this.#most = typeof most === 'number' ? () => most : most
  }

  /** Of idle instances and images. */
  get bytes(): number {
    return this.#bytes + this.#imageBytes
  }

  /** Idle instances. */
  get count(): number {
    return this.#count
  }

  #share(tenant: string): Share {
    let share = this.#shares.get(tenant)
    if (share === undefined) {
      share = { tenant, bytes: 0 }
      this.#shares.set(tenant, share)
    }
    return share
  }

  #left({ share, size }: Idle<I>): void {
    this.#bytes -= size
    this.#count--
    share.bytes -= size
    if (share.bytes === 0 && this.#shares.size > REMEMBERED) this.#shares.delete(share.tenant)
  }

  /** An idle instance of the guest, as good as new. */
  take(guest: G): I | undefined {
    const found = this.#idle.get(guest)?.pop()
    if (found === undefined) return undefined
    this.#left(found)
    return found.instance
  }

  /** Before anything runs in a new instance: remembers what its memory holds. True where that was not known. */
  made(guest: G, instance: I): boolean {
    if (this.#images.has(guest) || this.#gone.has(guest)) return false
    const image = MemoryImage.of(instance.bytes)
    this.#images.set(guest, image)
    this.images(image.size)
    return true
  }

  /** Images of a guest's other memories are kept (or, below zero, are not any more). */
  images(bytes: number): void {
    this.#imageBytes += bytes
  }

  /** Takes an instance back whose run came to its end. One whose memory grew is not kept: false. */
  give(guest: G, instance: I, tenant: string): boolean {
    const image = this.#images.get(guest)
    const { bytes } = instance
    if (image === undefined || bytes.length !== image.length || this.#gone.has(guest)) return false
    const size = bytes.length + (instance.beside ?? INSTANCE_BYTES)
    const most = this.#most() - this.#imageBytes
    if (size > most) return false
    image.restore(bytes)
    instance.reset()
    const share = this.#share(tenant)
    let idle = this.#idle.get(guest)
    if (idle === undefined) this.#idle.set(guest, (idle = []))
    idle.push({ instance, share, size })
    if (this.#last !== guest) {
      this.#idle.delete(guest)
      this.#idle.set(guest, idle)
      this.#last = guest
    }
    this.#bytes += size
    this.#count++
    share.bytes += size
    if (share.bytes > LIMITS.tenantIdleBytes)
      this.#drop(
        () => share.bytes > LIMITS.tenantIdleBytes,
        (other) => other.share === share,
      )
    const tooMuch = (): boolean => this.#bytes > most || this.#count > LIMITS.pooledInstances
    if (tooMuch()) this.#drop(tooMuch, () => true)
    return true
  }

  /** Drops instances, the oldest of the guest used least recently first, while there are too many. */
  #drop(tooMany: () => boolean, which: (idle: Idle<I>) => boolean): void {
    for (const [guest, idle] of this.#idle) {
      const kept = idle.filter((entry) => {
        if (!tooMany() || !which(entry)) return true
        this.#left(entry)
        return false
      })
      if (kept.length === 0) this.#forgetIdle(guest)
      else this.#idle.set(guest, kept)
      if (!tooMany()) return
    }
  }

  #forgetIdle(guest: G): void {
    this.#idle.delete(guest)
    if (this.#last === guest) this.#last = undefined
  }

  /** The guest has left the cache: so do its instances, and those in flight when they come back. */
  forget(guest: G): void {
    for (const entry of this.#idle.get(guest) ?? []) this.#left(entry)
    this.#forgetIdle(guest)
    this.#imageBytes -= this.#images.get(guest)?.size ?? 0
    this.#images.delete(guest)
    this.#gone.add(guest)
  }
}
