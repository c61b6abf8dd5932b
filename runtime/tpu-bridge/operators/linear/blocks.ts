/** How many values of k MLAS sums by themselves before it adds them to the sum so far (onnxruntime 1.30, mlas/lib/sgemm.cpp): part of the arithmetic. */

/** Of a right-hand matrix that is constant, and so packed beforehand. */
export const PACKED_BLOCK = 256

const STRIDE = 128

/** Of any other: columns are taken in wider stretches where there are few k, k in longer ones where there are few columns. */
export function gemmBlock(n: number, k: number): number {
  let columns = STRIDE
  let block = STRIDE
  if (n < k) {
    while (columns > 16 && columns / 2 >= n) {
      block *= 2
      columns /= 2
    }
  }
  return block
}

/** The same where the left-hand matrix lies transposed: its stretch has a fixed size. */
export const TRANSPOSED_BLOCK = STRIDE
