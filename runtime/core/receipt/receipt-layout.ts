/**
 * The body of a receipt written from a fixed layout: what many receipts share is put together once, the rest is patched in. Equal to `encodeReceipt`
 * byte by byte, which a test holds over all fields.
 */
import { ARRAY, BYTES, headLength, MAP, NULL, putBytes, putHead, putLink, putRaw, putText, putU64, UINT, type CID } from '../codec/index.ts'
import { UtnetError } from '../errors.ts'
import { receiptTooLong, modelsBytes, type ModelUse, type Retention, type RunStatus } from './receipt.ts'
import { LIMITS } from '../limits.ts'

/** What receipts of one layout have in common. */
export interface ReceiptForm {
  readonly kind: 'invoke' | 'infer'
  readonly module: CID
  readonly world: string
  readonly entry: string
  readonly status: RunStatus
  readonly protocol: number
  readonly chainId: CID
  readonly node: Uint8Array
  readonly retention: Retention
}

/** What each receipt has of its own, but for its digests. */
export interface ReceiptFields {
  readonly gas: bigint
  /** True where the body has a digest of a log. */
  readonly logged: boolean
  readonly models: readonly ModelUse[] | Uint8Array
  readonly thread: number
  readonly seq: number
  readonly height: number
  readonly time: number
}

const NO_MODELS = Uint8Array.of(ARRAY << 5)
/** Text of a form may be of any length until the limit of a body refuses it. */
const TEXT_MAX = 4 * LIMITS.receiptBytes

const u64Length = (n: bigint): number => (n <= 0xffff_ffffn ? headLength(Number(n)) : 9)

/** Writes bodies of one form. */
export class ReceiptLayout {
  readonly form: ReceiptForm
  /** Positions of the digests in the body that was written last, for the caller to fill; `logAt` is 0 where there is none. */
  inputAt = 0
  outputAt = 0
  logAt = 0
  seedAt = 0
  #image = new Uint8Array(0)
  #widths = -1
  #gasAt = 0
  #seqAt = 0
  #threadAt = 0
  #timeAt = 0
  #heightAt = 0

  constructor(form: ReceiptForm) {
    this.form = form
  }

  /** Bytes of the body with these fields; throws `receipt_invalid` over 1 KB. */
  measure(fields: ReceiptFields): number {
    this.#prepare(fields)
    return this.#image.length
  }

  /** Writes the body at `at`, its digests left as they come; gives the position behind. Throws `receipt_invalid` over 1 KB. */
  write(into: Uint8Array, at: number, fields: ReceiptFields): number {
    this.#prepare(fields)
    into.set(this.#image, at)
    putU64(into, at + this.#gasAt, fields.gas)
    putHead(into, at + this.#seqAt, UINT, fields.seq)
    putHead(into, at + this.#threadAt, UINT, fields.thread)
    putHead(into, at + this.#timeAt, UINT, fields.time)
    putHead(into, at + this.#heightAt, UINT, fields.height)
    return at + this.#image.length
  }

  /** Makes the image anew where the widths of integers, the log or the models differ from those of the last body. */
  #prepare({ gas, logged, models, thread, seq, height, time }: ReceiptFields): void {
    const plain = !(models instanceof Uint8Array) && models.length === 0
    const widths = plain
      ? ((((u64Length(gas) * 10 + headLength(thread)) * 10 + headLength(seq)) * 10 + headLength(height)) * 10 + headLength(time)) * 2 +
        (logged ? 1 : 0)
      : -1
    if (widths === this.#widths && plain) return
    const { kind, module, world, entry, status, protocol, chainId, node, retention } = this.form
    if (world.length > TEXT_MAX || entry.length > TEXT_MAX) throw receiptTooLong(world.length + entry.length)
    const uses = plain ? NO_MODELS : modelsBytes(models)
    const image = new Uint8Array(1024 + 3 * (world.length + entry.length) + uses.length + module.bytes.length + chainId.bytes.length)
    const key = (at: number, name: string): number => putText(image, at, name)
    const hole = (at: number): number => putHead(image, at, BYTES, 32)
    let at = putHead(image, 0, MAP, 17)
    at = putHead(image, key(at, 'v'), UINT, 1)
    this.#gasAt = key(at, 'gas')
    at = key(putU64(image, this.#gasAt, gas), 'log')
    this.logAt = logged ? hole(at) : 0
    if (logged) at = this.logAt + 32
    else image[at++] = NULL
    this.#seqAt = key(at, 'seq')
    at = putText(image, key(putHead(image, this.#seqAt, UINT, seq), 'kind'), kind)
    at = putBytes(image, key(at, 'node'), node)
    at = putText(image, key(at, 'entry'), entry)
    this.inputAt = hole(key(at, 'input'))
    at = putText(image, key(this.inputAt + 32, 'world'), world)
    at = putRaw(image, key(at, 'models'), uses)
    at = putLink(image, key(at, 'module'), module)
    this.outputAt = hole(key(at, 'output'))
    at = putText(image, key(this.outputAt + 32, 'status'), status)
    this.#threadAt = key(at, 'thread')
    at = putHead(image, key(putHead(image, this.#threadAt, UINT, thread), 'context'), MAP, 4)
    this.seedAt = hole(key(at, 'seed'))
    this.#timeAt = key(this.seedAt + 32, 'time')
    this.#heightAt = key(putHead(image, this.#timeAt, UINT, time), 'height')
    at = putLink(image, key(putHead(image, this.#heightAt, UINT, height), 'chainId'), chainId)
    at = putHead(image, key(at, 'protocol'), UINT, protocol)
    at = putText(image, key(at, 'retention'), retention)
    this.#widths = -1
    if (at > LIMITS.receiptBytes) throw receiptTooLong(at)
    this.#image = image.slice(0, at)
    this.#widths = widths
  }
}

const LAYOUTS_MAX = 16

/** Layouts of a node by module: found again by the identity of their parts. */
export class ReceiptLayouts {
  readonly #node: Uint8Array
  readonly #of = new WeakMap<CID, ReceiptLayout[]>()

  constructor(node: Uint8Array) {
    if (node.length !== 32) throw new UtnetError('core_bad_argument', `node must be 32 bytes, got ${node.length}`)
    this.#node = node
  }

  /** The layout of a form of this node; the oldest of a module's gives way where there are many. */
  of(form: Omit<ReceiptForm, 'node'>): ReceiptLayout {
    const list = this.#of.get(form.module) ?? []
    for (const layout of list) {
      const f = layout.form
      if (
        f.status === form.status &&
        f.retention === form.retention &&
        f.chainId === form.chainId &&
        f.kind === form.kind &&
        f.entry === form.entry &&
        f.world === form.world &&
        f.protocol === form.protocol
      )
        return layout
    }
    const { kind, module, world, entry, status, protocol, chainId, retention } = form
    const layout = new ReceiptLayout({ kind, module, world, entry, status, protocol, chainId, retention, node: this.#node })
    if (list.length === 0) this.#of.set(module, list)
    if (list.length === LAYOUTS_MAX) list.shift()
    list.push(layout)
    return layout
  }
}
