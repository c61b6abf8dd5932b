/** Greedy CTC decoding (Graves et al. 2006) of the reader's output: best class a step, repeats and blanks dropped. */

import { ROWS, ROW_LENGTH } from './dictionary'

/** A text with the sum of its characters' probabilities in millionths. */
export class Reading {
  constructor(
    public text: string,
    public characters: i32,
    public probability: i64,
  ) {}

  /** Mean probability of the characters in millionths; 0 for no text. */
  get confidence(): i32 {
    return this.characters == 0 ? 0 : <i32>(this.probability / this.characters)
  }
}

/** A probability in millionths, rounded to nearest; 0 for a NaN. */
export function millionths(p: f32): i32 {
  if (!(p > 0)) return 0
  return p >= 1 ? 1_000_000 : <i32>(<f64>p * 1_000_000.0 + 0.5)
}

/** The character of class 1 to `classes - 1`; the last class is the space. */
function characterOf(symbol: i32, classes: i32): string {
  if (symbol == classes - 1) return ' '
  const row = (symbol - 1) / ROW_LENGTH
  if (row >= ROWS.length) return ''
  const line = unchecked(ROWS[row])
  // Some characters are two code units.
  let at = 0
  for (let i = (symbol - 1) % ROW_LENGTH; i > 0; i--) at += <i32>line.codePointAt(at) > 0xffff ? 2 : 1
  return at < line.length ? String.fromCodePoint(line.codePointAt(at)) : ''
}

/** The class with the largest of `n` probabilities at `at`; the first of equal ones. */
export function argmax(at: usize, n: i32): i32 {
  let best = load<f32>(at)
  let i = 0
  if (ASC_FEATURE_SIMD) {
    if (n >= 16) {
      let most = v128.load(at)
      for (i = 4; i + 4 <= n; i += 4) most = f32x4.pmax(most, v128.load(at + ((<usize>i) << 2)))
      best = max(
        max(f32x4.extract_lane(most, 0), f32x4.extract_lane(most, 1)),
        max(f32x4.extract_lane(most, 2), f32x4.extract_lane(most, 3)),
      )
    }
  }
  for (; i < n; i++) {
    const v = load<f32>(at + ((<usize>i) << 2))
    if (v > best) best = v
  }
  for (i = 0; i < n; i++) if (load<f32>(at + ((<usize>i) << 2)) == best) return i
  return 0
}

/** Reads `steps` x `classes` probabilities (f32, at `at`); class 0 is the blank. */
export function decodeCtc(at: usize, steps: i32, classes: i32): Reading {
  let text = ''
  let characters = 0
  let probability: i64 = 0
  let last = 0
  for (let step = 0; step < steps; step++) {
    const row = at + ((<usize>(step * classes)) << 2)
    const symbol = argmax(row, classes)
    if (symbol != 0 && symbol != last) {
      const character = characterOf(symbol, classes)
      if (character.length > 0) {
        text += character
        characters++
        probability += millionths(load<f32>(row + ((<usize>symbol) << 2)))
      }
    }
    last = symbol
  }
  return new Reading(text, characters, probability)
}
