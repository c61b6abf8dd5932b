/**
 * What of a chain's history is asked for, as people write it: criteria KIND=VALUE, all of which a transaction must meet, and marks, which say up to
 * where it was read. docs/spec/events.md
 */
import { aname, parseAddress, parseKey } from '../names/index.ts'
import { concatBytes, fromHex, parseCid, utf8, type CID } from '../codec/index.ts'
import { limitError, UtnetError } from '../errors.ts'
import { LIMITS } from '../limits.ts'

/** Kinds of criteria; the order is that of the documents. */
export const FILTER_KINDS = ['contract', 'event', 'address', 'variable', 'tx', 'record'] as const
export type FilterKind = (typeof FILTER_KINDS)[number]

/** A contract by address (20 bytes), or by a name that a node resolves. */
export type ContractRef = Uint8Array | string

/** One criterion, read and checked. */
export type Criterion =
  | { readonly kind: 'contract'; readonly contract: ContractRef }
  | { readonly kind: 'event'; readonly name: string }
  | { readonly kind: 'address'; readonly address: Uint8Array }
  /** A variable of each contract that the filter names. */
  | { readonly kind: 'variable'; readonly key: Uint8Array }
  | { readonly kind: 'tx'; readonly id: CID }
  /** An off-chain record: the bytes under which the block's filter knows it. */
  | { readonly kind: 'record'; readonly item: Uint8Array }

const ADDRESS = /^ut1[a-z0-9]{38}$/

/** Off-chain records of a node's thread, or, without one, of the node: what anchors of its batches touch. */
export function nodeRecord(node: Uint8Array, thread?: number): Uint8Array {
  const tail = thread === undefined ? new Uint8Array(0) : utf8(`/${thread}`)
  const item = new Uint8Array(node.length + tail.length)
  item.set(node)
  item.set(tail, node.length)
  return item
}

function recordOf(value: string): Uint8Array {
  const thread = /^(ed25519:[0-9a-f]+)(?:\/(0|[1-9]\d{0,8}))?$/.exec(value)
  if (thread === null) return parseCid(value, 'record').bytes
  return nodeRecord(parseKey(thread[1] as string, 'record'), thread[2] === undefined ? undefined : Number(thread[2]))
}

/** Kinds of containers in the keys of the SDK (guest/sdk/assembly/storage/keys.ts). */
const VALUE = 0
const MAP = 1

/** The key of a `StorageValue` by its name, of an entry of a `StorageMap` by name and text key in brackets, or any key as bytes. */
function variableOf(value: string): Uint8Array {
  const entry = /^([^[\]]+)\[(.*)\]$/s.exec(value)
  const name = utf8(entry?.[1] ?? value)
  const path = Uint8Array.of(entry === null ? VALUE : MAP, name.length >> 8, name.length & 0xff, ...name)
  const key = value.startsWith('0x') ? fromHex(value.slice(2), 'variable') : concatBytes(path, utf8(entry?.[2] ?? ''))
  if (key.length > LIMITS.storageKeyBytes)
    throw limitError('request_invalid', 'storageKeyBytes', key.length, LIMITS.storageKeyBytes, 'variable')
  return key
}

function eventName(value: string): string {
  const bytes = utf8(value).length
  if (bytes > LIMITS.eventBytes) throw limitError('request_invalid', 'eventBytes', bytes, LIMITS.eventBytes, 'event name')
  return value
}

const HINT = 'such as contract=NAME, event=NAME or tx=ID; docs/spec/events.md lists the values of each kind'

function criterionOf(kind: FilterKind, value: string): Criterion {
  switch (kind) {
    case 'contract':
      return { kind, contract: ADDRESS.test(value) ? parseAddress(value, 'contract') : aname(value, 'contract') }
    case 'event':
      return { kind, name: eventName(value) }
    case 'address':
      return { kind, address: parseAddress(value, 'address') }
    case 'variable':
      return { kind, key: variableOf(value) }
    case 'tx':
      return { kind, id: parseCid(value, 'tx') }
    case 'record':
      return { kind, item: recordOf(value) }
  }
}

/**
 * The criteria of texts `KIND=VALUE`. contract: address or name; event: its name; address: an account; variable, with `contract` beside it: NAME of a
 * `StorageValue` of the SDK, NAME[KEY] of an entry of a `StorageMap` under a text, or the bytes of any key as `0x` and hex; tx: its id; record: the id of a transaction (operators, route, custom, anchor, refute) or a node's key, with `/THREAD` or without.
 * Throws `request_invalid` naming the criterion.
 */
export function parseFilter(texts: readonly string[]): readonly Criterion[] {
  if (texts.length > LIMITS.filterCriteria)
    throw limitError('request_invalid', 'filterCriteria', texts.length, LIMITS.filterCriteria, 'criteria of a filter')
  const criteria = texts.map((text) => {
    const at = text.indexOf('=')
    const kind = FILTER_KINDS.find((known) => known === text.slice(0, at))
    const shown = text.slice(0, 80)
    if (kind === undefined || at === text.length - 1)
      throw new UtnetError('request_invalid', `filter ${shown} is not KIND=VALUE with KIND one of ${FILTER_KINDS.join(', ')}`, {
        hint: HINT,
      })
    try {
      return criterionOf(kind, text.slice(at + 1))
    } catch (cause) {
      if (cause instanceof UtnetError && cause.code === 'request_invalid') throw cause
      throw new UtnetError('request_invalid', `filter ${shown}: ${cause instanceof Error ? cause.message : 'unreadable'}`, {
        hint: HINT,
        cause,
      })
    }
  })
  if (criteria.some((c) => c.kind === 'variable') && !criteria.some((c) => c.kind === 'contract'))
    throw new UtnetError('request_invalid', 'a variable belongs to a contract', { hint: 'add the filter contract=NAME' })
  return criteria
}

/** A place in the chain's history: behind an entry of a block or, without an ordinal, behind the whole block. */
export interface Mark {
  readonly height: number
  readonly ordinal: number
}

/** Behind everything of a block. */
const END = Number.MAX_SAFE_INTEGER

/** The mark behind all of a block. */
export function endOf(height: number): Mark {
  return { height, ordinal: END }
}

/** `HEIGHT.ORDINAL`, or `HEIGHT` for the end of a block: ids of entries, cursors, `Last-Event-ID`. */
export function formatMark({ height, ordinal }: Mark): string {
  return ordinal === END ? `${height}` : `${height}.${ordinal}`
}

/** The mark of its text; throws `request_invalid`. */
export function parseMark(text: string, what = 'after'): Mark {
  const parts = /^(0|[1-9]\d{0,14})(?:\.(0|[1-9]\d{0,9}))?$/.exec(text)
  if (parts === null) throw new UtnetError('request_invalid', `${what} must be HEIGHT or HEIGHT.ORDINAL, got ${text.slice(0, 40)}`)
  return { height: Number(parts[1]), ordinal: parts[2] === undefined ? END : Number(parts[2]) }
}

/** The first height that may have anything behind a mark. */
export function heightBehind({ height, ordinal }: Mark): number {
  return ordinal === END ? height + 1 : height
}

/** True when a place lies behind a mark. */
export function isBehind({ height, ordinal }: Mark, mark: Mark): boolean {
  return height > mark.height || (height === mark.height && ordinal > mark.ordinal)
}
