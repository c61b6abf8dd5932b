/** The way of an answer out, over core values: what the bindings make objects of (results, lists of tuples) is most of a short answer's cost. */

import { RETURN_AREA, newBlock } from './raw/abi'
import {
  dropOutputStream,
  outputStreamBlockingWriteAndFlush_core,
  outputStreamCheckWrite_core,
  outputStreamWrite_core,
} from './raw/io-streams'
import {
  fieldsFromList_core,
  newFields,
  newOutgoingResponse,
  outgoingBodyFinish_core,
  outgoingBodyWrite_core,
  outgoingResponseBody_core,
  outgoingResponseSetStatusCode,
  responseOutparamSet_core,
} from './raw/http-types'
import { Headers } from './headers'

/** What blocking-write-and-flush takes at most (wasi:io/streams). */
const FLUSH_BYTES: i32 = 4096
/** The status of a response that is told none. */
const OK: i32 = 200
/** A name and a value, each a pointer and a length. */
const FIELD_BYTES: usize = 16

/** The cases of a `result` that was left in the return area. */
function failed(): bool {
  return load<u8>(RETURN_AREA) != 0
}

function handle(): i32 {
  return load<i32>(RETURN_AREA, 4)
}

/** Sends status, headers and body. The order is the one that wasi:http prescribes. */
export function sendAnswer(outparam: i32, status: i32, headers: Headers | null, content: Uint8Array | null): void {
  const response = newOutgoingResponse(headers === null || headers.length == 0 ? newFields() : fieldsOf(headers))
  if (status != OK && !outgoingResponseSetStatusCode(response, <u16>status)) throw new Error('the status is refused')
  outgoingResponseBody_core(response, RETURN_AREA)
  const body = handle()
  responseOutparamSet_core(outparam, 0, response, 0, 0, 0, 0, 0, 0)
  if (content !== null && content.length > 0) {
    outgoingBodyWrite_core(body, RETURN_AREA)
    const stream = handle()
    writeAll(stream, content.dataStart, content.length)
    dropOutputStream(stream)
  }
  // A result of an error code that a response without trailers does not meet
  outgoingBodyFinish_core(body, 0, 0, RETURN_AREA)
}

/** All fields in one call: their names are where they are, their values in Latin-1 behind the list. */
function fieldsOf(headers: Headers): i32 {
  const all = headers.all
  const count = all.length
  let size = <usize>count * FIELD_BYTES
  for (let i = 0; i < count; i++) size += <usize>unchecked(all[i]).value.length
  const list = newBlock(<i32>size)
  let at = list + <usize>count * FIELD_BYTES
  for (let i = 0, field = list; i < count; i++, field += FIELD_BYTES) {
    const header = unchecked(all[i])
    const name = header.name
    const value = header.value
    const length = value.length
    store<usize>(field, changetype<usize>(name))
    store<i32>(field, name.length, 4)
    store<usize>(field, at, 8)
    store<i32>(field, length, 12)
    const text = changetype<usize>(value)
    for (let c: usize = 0; c < <usize>length; c++) {
      const code = load<u16>(text + (c << 1))
      if (code > 0xff) throw new Error('not Latin-1: ' + value)
      store<u8>(at++, <u8>code)
    }
  }
  fieldsFromList_core(list, count, RETURN_AREA)
  if (failed()) throw new Error('a header is refused: ' + names(headers))
  return handle()
}

function names(headers: Headers): string {
  let text = ''
  for (let i = 0; i < headers.length; i++) text += (i == 0 ? '' : ', ') + headers[i].name
  return text
}

/** Stops where nobody reads any more. */
function writeAll(stream: i32, bytes: usize, length: i32): void {
  if (length <= FLUSH_BYTES) {
    outputStreamBlockingWriteAndFlush_core(stream, bytes, length, RETURN_AREA)
    return
  }
  let at = 0
  while (at < length) {
    outputStreamCheckWrite_core(stream, RETURN_AREA)
    if (failed()) return
    const permit = load<u64>(RETURN_AREA, 8)
    const left = length - at
    const size = permit == 0 ? min(left, FLUSH_BYTES) : <i32>min<u64>(permit, <u64>left)
    if (permit == 0) outputStreamBlockingWriteAndFlush_core(stream, bytes + <usize>at, size, RETURN_AREA)
    else outputStreamWrite_core(stream, bytes + <usize>at, size, RETURN_AREA)
    if (failed()) return
    at += size
  }
}
