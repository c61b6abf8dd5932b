/**
 * The leaf of a call in a block's receipt tree, with the body of its receipt inside, written from a fixed layout: what the calls of a block share is put
 * together once, the rest is patched in. Equal to `callLeaf(encodeReceipt(body))` byte by byte, which a test holds over all fields.
 */
import { ARRAY, BYTES, HEAD_MAX, headLength, MAP, NULL, putHead, putLink, putRaw, putText, putU64, UINT, type CID } from '../codec/index.ts'
import { LIMITS } from '../limits.ts'
import { modelsBytes, receiptTooLong, type ModelUse, type RunStatus } from './receipt.ts'

/** What calls of one layout have in common. */
export interface CallForm {
  readonly module: CID
  readonly entry: string
  readonly status: RunStatus
  readonly protocol: number
  readonly chainId: CID
}

/** What each call has of its own, but for its digests. */
export interface CallFields {
  readonly tx: CID
  readonly gas: bigint
  readonly models: readonly ModelUse[]
  readonly height: number
  readonly time: number
}

const u64Length = (n: bigint): number => (n <= 0xffff_ffffn ? headLength(Number(n)) : HEAD_MAX)
const LEAF = 'call'
/** No widths: an image with models is made anew each time. */
const MODELS = -1

/** Writes leaves of one form. */
export class CallLayout {
  readonly form: CallForm
  /** Where in the leaf its parts stand: the body, and in it the digests for the caller to fill. */
  bodyAt = 0
  inputAt = 0
  outputAt = 0
  eventsAt = 0
  seedAt = 0
  #image = new Uint8Array(0)
  #widths = MODELS
  #txAt = 0
  #gasAt = 0
  #timeAt = 0
  #heightAt = 0

  constructor(form: CallForm) {
    this.form = form
  }

  /** Bytes of the leaf with these fields; throws `receipt_invalid` over 1 KB of body. */
  measure(fields: CallFields): number {
    this.#prepare(fields)
    return this.#image.length
  }

  /** Writes the leaf at `at`, its digests left as they come; gives the position behind. Throws `receipt_invalid` over 1 KB of body. */
  write(into: Uint8Array, at: number, fields: CallFields): number {
    this.#prepare(fields)
    into.set(this.#image, at)
    putLink(into, at + this.#txAt, fields.tx)
    putU64(into, at + this.#gasAt, fields.gas)
    putHead(into, at + this.#timeAt, UINT, fields.time)
    putHead(into, at + this.#heightAt, UINT, fields.height)
    return at + this.#image.length
  }

  /** Makes the image anew where the widths of integers or of the id, or the models, differ from those of the last leaf. */
  #prepare(fields: CallFields): void {
    const { tx, gas, models, height, time } = fields
    const widths =
      models.length === 0 ? ((u64Length(gas) * 10 + headLength(height)) * 10 + headLength(time)) * 1000 + tx.bytes.length : MODELS
    if (widths === this.#widths && widths !== MODELS) return
    this.#widths = MODELS
    const body = this.#body(fields)
    if (body.length > LIMITS.receiptBytes) throw receiptTooLong(body.length)
    const image = new Uint8Array(body.length + 3 * HEAD_MAX + LEAF.length)
    this.bodyAt = putHead(image, putText(image, putHead(image, 0, ARRAY, 2), LEAF), BYTES, body.length)
    this.#image = image.slice(0, putRaw(image, this.bodyAt, body))
    this.inputAt += this.bodyAt
    this.outputAt += this.bodyAt
    this.eventsAt += this.bodyAt
    this.seedAt += this.bodyAt
    this.#txAt += this.bodyAt
    this.#gasAt += this.bodyAt
    this.#timeAt += this.bodyAt
    this.#heightAt += this.bodyAt
    this.#widths = widths
  }

  /** The body; what positions are noted are within it. */
  #body({ tx, gas, models, height, time }: CallFields): Uint8Array {
    const { module, entry, status, protocol, chainId } = this.form
    const uses = modelsBytes(models)
    const body = new Uint8Array(1024 + 3 * entry.length + uses.length + module.bytes.length + chainId.bytes.length + tx.bytes.length)
    const key = (at: number, name: string): number => putText(body, at, name)
    const hole = (at: number): number => putHead(body, at, BYTES, 32)
    let at = putHead(body, 0, MAP, 16)
    at = putHead(body, key(at, 'v'), UINT, 1)
    this.#txAt = key(at, 'tx')
    this.#gasAt = key(putLink(body, this.#txAt, tx), 'gas')
    at = key(putU64(body, this.#gasAt, gas), 'log')
    body[at++] = NULL
    at = key(putText(body, key(at, 'kind'), 'call'), 'node')
    body[at++] = NULL
    at = putText(body, key(at, 'entry'), entry)
    this.inputAt = hole(key(at, 'input'))
    at = putText(body, key(this.inputAt + 32, 'world'), 'contract')
    this.eventsAt = hole(key(at, 'events'))
    at = putRaw(body, key(this.eventsAt + 32, 'models'), uses)
    at = putLink(body, key(at, 'module'), module)
    this.outputAt = hole(key(at, 'output'))
    at = putText(body, key(this.outputAt + 32, 'status'), status)
    at = putHead(body, key(at, 'context'), MAP, 4)
    this.seedAt = hole(key(at, 'seed'))
    this.#timeAt = key(this.seedAt + 32, 'time')
    this.#heightAt = key(putHead(body, this.#timeAt, UINT, time), 'height')
    at = putLink(body, key(putHead(body, this.#heightAt, UINT, height), 'chainId'), chainId)
    return body.slice(0, putHead(body, key(at, 'protocol'), UINT, protocol))
  }
}

const LAYOUTS_MAX = 16

/** Layouts by module: found again by the identity of their parts. */
export class CallLayouts {
  readonly #of = new WeakMap<CID, CallLayout[]>()

  /** The layout of a form; the oldest of a module's gives way where there are many. */
  of(form: CallForm): CallLayout {
    const list = this.#of.get(form.module) ?? []
    for (const layout of list) {
      const f = layout.form
      if (f.entry === form.entry && f.status === form.status && f.chainId === form.chainId && f.protocol === form.protocol) return layout
    }
    const layout = new CallLayout(form)
    if (list.length === 0) this.#of.set(form.module, list)
    if (list.length === LAYOUTS_MAX) list.shift()
    list.push(layout)
    return layout
  }
}
