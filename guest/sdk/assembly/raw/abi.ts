/** The canonical ABI's ground: what generated bindings stand on. Strings are UTF-16 on both sides, so they are passed as they are. */

/** Results of imports and exports that do not fit one core value are written here: read it before the next call. */
export const RETURN_AREA: usize = memory.data(64, 8)

/** A Unicode scalar value: WIT's `char`. */
export type char = u32

/** A payload of an option that is no reference or an option itself. */
export class Box<T> {
  constructor(public value: T) {}
}

/** The side of a `Result` that has no payload; it is never read. */
export class Unit {}

export class Tuple1<A> {
  constructor(public item0: A) {}
}

export class Tuple2<A, B> {
  constructor(
    public item0: A,
    public item1: B,
  ) {}
}

export class Tuple3<A, B, C> {
  constructor(
    public item0: A,
    public item1: B,
    public item2: C,
  ) {}
}

export class Tuple4<A, B, C, D> {
  constructor(
    public item0: A,
    public item1: B,
    public item2: C,
    public item3: D,
  ) {}
}

export class Tuple5<A, B, C, D, E> {
  constructor(
    public item0: A,
    public item1: B,
    public item2: C,
    public item3: D,
    public item4: E,
  ) {}
}

export class Tuple6<A, B, C, D, E, F> {
  constructor(
    public item0: A,
    public item1: B,
    public item2: C,
    public item3: D,
    public item4: E,
    public item5: F,
  ) {}
}

export class Tuple7<A, B, C, D, E, F, G> {
  constructor(
    public item0: A,
    public item1: B,
    public item2: C,
    public item3: D,
    public item4: E,
    public item5: F,
    public item6: G,
  ) {}
}

export class Tuple8<A, B, C, D, E, F, G, H> {
  constructor(
    public item0: A,
    public item1: B,
    public item2: C,
    public item3: D,
    public item4: E,
    public item5: F,
    public item6: G,
    public item7: H,
  ) {}
}

/** Of `ok` and `err` only the one that `isErr` names may be read. */
export class Result<O, E> {
  isErr: bool
  ok: O
  err: E

  static ok<O, E>(value: O): Result<O, E> {
    const r = zeroed<Result<O, E>>()
    r.ok = value
    return r
  }

  static err<O, E>(error: E): Result<O, E> {
    const r = zeroed<Result<O, E>>()
    r.isErr = true
    r.err = error
    return r
  }
}

/** An object whose constructor is not run. */
// @ts-ignore: decorator
@inline
export function zeroed<T>(): T {
  const p = __new(offsetof<T>(), idof<T>())
  memory.fill(p, 0, offsetof<T>())
  return changetype<T>(p)
}

/** Memory that lives as long as the call. */
// @ts-ignore: decorator
@inline
export function newBlock(size: i32): usize {
  return __new(<usize>size, idof<ArrayBuffer>())
}

/**
 * The host allocates here. Blocks are made as the objects that they most often become (alignment 2 is a string, else bytes),
 * so that lifting needs no copy.
 */
export function cabi_realloc(old: usize, oldSize: usize, align: usize, size: usize): usize {
  if (old != 0 && oldSize != 0) return __renew(old, size)
  return __new(size, align == 2 ? idof<string>() : idof<ArrayBuffer>())
}

// @ts-ignore: decorator
@inline
function isObject(p: usize, id: u32, size: usize): bool {
  return load<u32>(p - 8) == id && load<u32>(p - 4) == <u32>size
}

export function liftString(p: usize, length: i32): string {
  if (length == 0) return ''
  const size = (<usize>length) << 1
  return isObject(p, idof<string>(), size) ? changetype<string>(p) : String.UTF16.decodeUnsafe(p, size)
}

export function liftBytes(p: usize, length: i32): Uint8Array {
  if (length == 0) return new Uint8Array(0)
  if (isObject(p, idof<ArrayBuffer>(), <usize>length)) return Uint8Array.wrap(changetype<ArrayBuffer>(p))
  const bytes = new Uint8Array(length)
  memory.copy(bytes.dataStart, p, <usize>length)
  return bytes
}

/** `T` is a number or a bool. */
export function liftArray<T>(p: usize, length: i32): Array<T> {
  const array = new Array<T>(length)
  memory.copy(array.dataStart, p, (<usize>length) << alignof<T>())
  return array
}

export function liftStaticArray<T>(p: usize, length: i32): StaticArray<T> {
  const array = new StaticArray<T>(length)
  memory.copy(changetype<usize>(array), p, (<usize>length) << alignof<T>())
  return array
}

/** `T` is a typed array. */
export function liftTyped<T extends ArrayBufferView>(p: usize, length: i32): T {
  const array = instantiate<T>(length)
  memory.copy(array.dataStart, p, <usize>array.byteLength)
  return array
}

/** Pointer and length of a text that lives as long as the call. */
export function storeString(p: usize, text: string): void {
  store<usize>(p, changetype<usize>(text))
  store<i32>(p, text.length, 4)
}
