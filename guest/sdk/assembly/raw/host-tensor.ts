// Generated from the WIT interface utnet:host/tensor@0.1.0; do not edit.

import { Box, RETURN_AREA, Result, Tuple2, Tuple3, liftArray, liftBytes, liftString, newBlock, zeroed } from './abi'
import { Tensor } from '../tensor-value'
import { NamedTensor } from '../tensor-value'

export enum Arithmetic {
  any,
  bounded,
  exact,
}

@external('utnet:host/tensor@0.1.0', 'infer')
export declare function infer__core(p0: usize, p1: usize, p2: usize, p3: usize, p4: usize, p5: usize): void

export function infer_(model: string, inputs: Array<NamedTensor>, arithmetic: u8): Result<Array<NamedTensor>, string> {
  infer__core(changetype<usize>(model), model.length, lower0(inputs), inputs.length, <i32>arithmetic, RETURN_AREA)
  return load3(RETURN_AREA)
}

function lower0(v: Array<NamedTensor>): usize {
  const n = v.length
  const start = newBlock(n * 28)
  for (let i = 0, p = start; i < n; i++, p += 28) {
    const e = v[i]
    store1(p, e)
  }
  return start
}
function store1(p: usize, v: NamedTensor): void {
  const f0 = v.name
  store<usize>(p, changetype<usize>(f0))
  store<i32>(p, f0.length, 4)
  const f1 = v.value
  store2(p + 8, f1)
}
function store2(p: usize, v: Tensor): void {
  store<u8>(p, v.dtype)
  const f0 = v.shape
  store<usize>(p, f0.dataStart, 4)
  store<i32>(p, f0.length, 8)
  const f1 = v.data
  store<usize>(p, f1.dataStart, 12)
  store<i32>(p, f1.length, 16)
}
function load3(p: usize): Result<Array<NamedTensor>, string> {
  const v = zeroed<Result<Array<NamedTensor>, string>>()
  v.isErr = load<u8>(p) != 0
  if (!v.isErr) v.ok = lift4(load<usize>(p, 4), load<i32>(p, 8))
  if (v.isErr) v.err = liftString(load<usize>(p, 4), load<i32>(p, 8))
  return v
}
function lift4(p: usize, n: i32): Array<NamedTensor> {
  const v = new Array<NamedTensor>(n)
  for (let i = 0; i < n; i++) unchecked((v[i] = load5(p))), (p += 28)
  return v
}
function load5(p: usize): NamedTensor {
  const v = zeroed<NamedTensor>()
  store<usize>(changetype<usize>(v), changetype<usize>(liftString(load<usize>(p), load<i32>(p, 4))), offsetof<NamedTensor>('name'))
  store<usize>(changetype<usize>(v), changetype<usize>(load6(p + 8)), offsetof<NamedTensor>('value'))
  return v
}
function load6(p: usize): Tensor {
  const v = zeroed<Tensor>()
  store<u8>(changetype<usize>(v), load<u8>(p), offsetof<Tensor>('dtype'))
  store<usize>(changetype<usize>(v), changetype<usize>(liftArray<u32>(load<usize>(p, 4), load<i32>(p, 8))), offsetof<Tensor>('shape'))
  store<usize>(changetype<usize>(v), changetype<usize>(liftBytes(load<usize>(p, 12), load<i32>(p, 16))), offsetof<Tensor>('data'))
  return v
}
