/** One value under one key of the contract's state: integers big-endian, text as UTF-8, bytes as they are, everything else as `values.ts` has it. */

import { Amount } from '../amount'
import { add, sub } from '../checked'
import { fromUtf8, toUtf8 } from '../bytes'
import { get_, remove, set_ } from '../raw/host-storage'
import { ValueReader, ValueWriter } from '../values'

function encode<T>(value: T): Uint8Array {
  if (isString<T>() && !isNullable<T>()) return toUtf8(changetype<string>(value))
  if (isInteger<T>()) {
    const bytes = new Uint8Array(sizeof<T>())
    for (let i = 0; i < <i32>sizeof<T>(); i++) bytes[i] = <u8>(<u64>value >> (8 * (<u64>sizeof<T>() - 1 - i)))
    return bytes
  }
  if (value instanceof Uint8Array && !isNullable<T>()) return value
  if (value instanceof Amount && !isNullable<T>()) return value.toBytes()
  const writer = new ValueWriter()
  writer.put<T>(value)
  return writer.finish()
}

function decode<T>(bytes: Uint8Array): T {
  if (!isNullable<T>()) {
    if (isString<T>()) return changetype<T>(fromUtf8(bytes))
    if (isInteger<T>()) {
      let value: u64 = 0
      for (let i = 0; i < bytes.length; i++) value = (value << 8) | bytes[i]
      return <T>value
    }
    if (isReference<T>()) {
      if (idof<T>() == idof<Uint8Array>()) return changetype<T>(bytes)
      if (idof<T>() == idof<Amount>()) return changetype<T>(Amount.fromBytes(bytes))
    }
  }
  return new ValueReader(bytes).take<T>()
}

/** What was never set: 0, false, '', no bytes, no items, null. An object has no such value. */
function zero<T>(): T {
  if (isNullable<T>()) return changetype<T>(<usize>0)
  if (isString<T>()) return changetype<T>('')
  if (isInteger<T>() || isFloat<T>()) return <T>0
  if (isArray<T>()) return instantiate<T>(0)
  if (idof<T>() == idof<Uint8Array>()) return changetype<T>(new Uint8Array(0))
  if (idof<T>() == idof<Amount>()) return changetype<T>(Amount.ZERO)
  throw new Error('no ' + nameof<T>() + ' is stored there')
}

export function hasCell(key: Uint8Array): bool {
  return get_(key) !== null
}

export function readCell<T>(key: Uint8Array): T {
  const bytes = get_(key)
  return bytes === null ? zero<T>() : decode<T>(bytes)
}

export function readCellOr<T>(key: Uint8Array, fallback: T): T {
  const bytes = get_(key)
  return bytes === null ? fallback : decode<T>(bytes)
}

export function writeCell<T>(key: Uint8Array, value: T): void {
  set_(key, encode<T>(value))
}

export function removeCell(key: Uint8Array): void {
  remove(key)
}

/** Adds to an integer or an amount and gives the sum; reverts on overflow. */
export function addToCell<T>(key: Uint8Array, by: T): T {
  const before = readCell<T>(key)
  let sum: T
  if (isInteger<T>()) sum = add<T>(before, by)
  else if (idof<T>() == idof<Amount>()) sum = changetype<T>(changetype<Amount>(before) + changetype<Amount>(by))
  else ERROR('only integers and amounts can be added to')
  writeCell<T>(key, sum)
  return sum
}

/** Takes from an integer or an amount and gives the rest; reverts where there is too little. */
export function takeFromCell<T>(key: Uint8Array, by: T): T {
  const before = readCell<T>(key)
  let rest: T
  if (isInteger<T>()) rest = sub<T>(before, by)
  else if (idof<T>() == idof<Amount>()) rest = changetype<T>(changetype<Amount>(before) - changetype<Amount>(by))
  else ERROR('only integers and amounts can be taken from')
  writeCell<T>(key, rest)
  return rest
}
