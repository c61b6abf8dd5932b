// Generated from the WIT interface wasi:io/streams@0.2.3; do not edit.

import { Box, RETURN_AREA, Result, Tuple2, Tuple3, liftArray, liftBytes, liftString, newBlock, zeroed } from './abi'

export enum StreamErrorTag {
  lastOperationFailed,
  closed,
}

export class StreamError {
  lastOperationFailed: i32 = 0
  constructor(public tag: u32) {}
}

@external('wasi:io/streams@0.2.3', '[method]input-stream.read')
export declare function inputStreamRead_core(p0: usize, p1: i64, p2: usize): void

export function inputStreamRead(self: i32, len: u64): Result<Uint8Array, StreamError> {
  inputStreamRead_core(self, <i64>len, RETURN_AREA)
  return load0(RETURN_AREA)
}

@external('wasi:io/streams@0.2.3', '[method]input-stream.blocking-read')
export declare function inputStreamBlockingRead_core(p0: usize, p1: i64, p2: usize): void

export function inputStreamBlockingRead(self: i32, len: u64): Result<Uint8Array, StreamError> {
  inputStreamBlockingRead_core(self, <i64>len, RETURN_AREA)
  return load0(RETURN_AREA)
}

@external('wasi:io/streams@0.2.3', '[method]input-stream.skip')
export declare function inputStreamSkip_core(p0: usize, p1: i64, p2: usize): void

export function inputStreamSkip(self: i32, len: u64): Result<u64, StreamError> {
  inputStreamSkip_core(self, <i64>len, RETURN_AREA)
  return load2(RETURN_AREA)
}

@external('wasi:io/streams@0.2.3', '[method]input-stream.blocking-skip')
export declare function inputStreamBlockingSkip_core(p0: usize, p1: i64, p2: usize): void

export function inputStreamBlockingSkip(self: i32, len: u64): Result<u64, StreamError> {
  inputStreamBlockingSkip_core(self, <i64>len, RETURN_AREA)
  return load2(RETURN_AREA)
}

@external('wasi:io/streams@0.2.3', '[method]input-stream.subscribe')
export declare function inputStreamSubscribe_core(p0: usize): i32

export function inputStreamSubscribe(self: i32): i32 {
  return inputStreamSubscribe_core(self)
}

@external('wasi:io/streams@0.2.3', '[method]output-stream.check-write')
export declare function outputStreamCheckWrite_core(p0: usize, p1: usize): void

export function outputStreamCheckWrite(self: i32): Result<u64, StreamError> {
  outputStreamCheckWrite_core(self, RETURN_AREA)
  return load2(RETURN_AREA)
}

@external('wasi:io/streams@0.2.3', '[method]output-stream.write')
export declare function outputStreamWrite_core(p0: usize, p1: usize, p2: usize, p3: usize): void

export function outputStreamWrite(self: i32, contents: Uint8Array): Result<u8, StreamError> {
  outputStreamWrite_core(self, contents.dataStart, contents.length, RETURN_AREA)
  return load3(RETURN_AREA)
}

@external('wasi:io/streams@0.2.3', '[method]output-stream.blocking-write-and-flush')
export declare function outputStreamBlockingWriteAndFlush_core(p0: usize, p1: usize, p2: usize, p3: usize): void

export function outputStreamBlockingWriteAndFlush(self: i32, contents: Uint8Array): Result<u8, StreamError> {
  outputStreamBlockingWriteAndFlush_core(self, contents.dataStart, contents.length, RETURN_AREA)
  return load3(RETURN_AREA)
}

@external('wasi:io/streams@0.2.3', '[method]output-stream.flush')
export declare function outputStreamFlush_core(p0: usize, p1: usize): void

export function outputStreamFlush(self: i32): Result<u8, StreamError> {
  outputStreamFlush_core(self, RETURN_AREA)
  return load3(RETURN_AREA)
}

@external('wasi:io/streams@0.2.3', '[method]output-stream.blocking-flush')
export declare function outputStreamBlockingFlush_core(p0: usize, p1: usize): void

export function outputStreamBlockingFlush(self: i32): Result<u8, StreamError> {
  outputStreamBlockingFlush_core(self, RETURN_AREA)
  return load3(RETURN_AREA)
}

@external('wasi:io/streams@0.2.3', '[method]output-stream.subscribe')
export declare function outputStreamSubscribe_core(p0: usize): i32

export function outputStreamSubscribe(self: i32): i32 {
  return outputStreamSubscribe_core(self)
}

@external('wasi:io/streams@0.2.3', '[method]output-stream.write-zeroes')
export declare function outputStreamWriteZeroes_core(p0: usize, p1: i64, p2: usize): void

export function outputStreamWriteZeroes(self: i32, len: u64): Result<u8, StreamError> {
  outputStreamWriteZeroes_core(self, <i64>len, RETURN_AREA)
  return load3(RETURN_AREA)
}

@external('wasi:io/streams@0.2.3', '[method]output-stream.blocking-write-zeroes-and-flush')
export declare function outputStreamBlockingWriteZeroesAndFlush_core(p0: usize, p1: i64, p2: usize): void

export function outputStreamBlockingWriteZeroesAndFlush(self: i32, len: u64): Result<u8, StreamError> {
  outputStreamBlockingWriteZeroesAndFlush_core(self, <i64>len, RETURN_AREA)
  return load3(RETURN_AREA)
}

@external('wasi:io/streams@0.2.3', '[method]output-stream.splice')
export declare function outputStreamSplice_core(p0: usize, p1: usize, p2: i64, p3: usize): void

export function outputStreamSplice(self: i32, src: i32, len: u64): Result<u64, StreamError> {
  outputStreamSplice_core(self, src, <i64>len, RETURN_AREA)
  return load2(RETURN_AREA)
}

@external('wasi:io/streams@0.2.3', '[method]output-stream.blocking-splice')
export declare function outputStreamBlockingSplice_core(p0: usize, p1: usize, p2: i64, p3: usize): void

export function outputStreamBlockingSplice(self: i32, src: i32, len: u64): Result<u64, StreamError> {
  outputStreamBlockingSplice_core(self, src, <i64>len, RETURN_AREA)
  return load2(RETURN_AREA)
}

@external('wasi:io/streams@0.2.3', '[resource-drop]input-stream')
export declare function dropInputStream(handle: i32): void

@external('wasi:io/streams@0.2.3', '[resource-drop]output-stream')
export declare function dropOutputStream(handle: i32): void

function load0(p: usize): Result<Uint8Array, StreamError> {
  const v = zeroed<Result<Uint8Array, StreamError>>()
  v.isErr = load<u8>(p) != 0
  if (!v.isErr) v.ok = liftBytes(load<usize>(p, 4), load<i32>(p, 8))
  if (v.isErr) v.err = load1(p + 4)
  return v
}
function load1(p: usize): StreamError {
  const v = zeroed<StreamError>()
  v.tag = load<u8>(p)
  if (v.tag == 0) v.lastOperationFailed = load<i32>(p, 4)
  return v
}
function load2(p: usize): Result<u64, StreamError> {
  const v = zeroed<Result<u64, StreamError>>()
  v.isErr = load<u8>(p) != 0
  if (!v.isErr) v.ok = load<u64>(p, 8)
  if (v.isErr) v.err = load1(p + 8)
  return v
}
function load3(p: usize): Result<u8, StreamError> {
  const v = zeroed<Result<u8, StreamError>>()
  v.isErr = load<u8>(p) != 0
  if (v.isErr) v.err = load1(p + 4)
  return v
}
