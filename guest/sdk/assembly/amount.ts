/** Money: an unsigned integer of 128 bits in 10^-18 UNC, as the chain's accounts have it. Sums that do not fit, and debts, end the call. */

const DIGITS_MAX = 39 // of 2^128 - 1
const UNC_DECIMALS = 18

/** The high half of a * b. */
function mulHigh(a: u64, b: u64): u64 {
  const aLow = a & 0xffffffff
  const aHigh = a >> 32
  const bLow = b & 0xffffffff
  const bHigh = b >> 32
  const middle = aHigh * bLow + ((aLow * bLow) >> 32)
  const other = aLow * bHigh + (middle & 0xffffffff)
  return aHigh * bHigh + (middle >> 32) + (other >> 32)
}

export class Amount {
  /** Two halves. Most use `Amount.of`, `Amount.unc` or `Amount.parse`. */
  constructor(
    readonly low: u64 = 0,
    readonly high: u64 = 0,
  ) {}

  static get ZERO(): Amount {
    return new Amount()
  }

  /** In 10^-18 UNC. */
  static of(value: u64): Amount {
    return new Amount(value)
  }

  /** Whole UNC. */
  static unc(whole: u64): Amount {
    return new Amount(whole).times(1_000_000_000_000_000_000)
  }

  /** Decimal digits without leading zeros, in 10^-18 UNC. Throws for anything else. */
  static parse(text: string): Amount {
    const length = text.length
    if (length == 0 || length > DIGITS_MAX || (length > 1 && text.charCodeAt(0) == 0x30)) throw new Error('not an amount: ' + text)
    let value = Amount.ZERO
    for (let i = 0; i < length; i++) {
      const digit = <u32>text.charCodeAt(i) - 0x30
      if (digit > 9) throw new Error('not an amount: ' + text)
      value = value.times(10).plus(new Amount(digit))
    }
    return value
  }

  /** UNC with up to 18 decimals, as people write it: `12.5`. Throws for anything else. */
  static parseUnc(text: string): Amount {
    const dot = text.indexOf('.')
    if (dot < 0) return Amount.parse(text).times(1_000_000_000_000_000_000)
    const fraction = text.substring(dot + 1)
    if (fraction.length == 0 || fraction.length > UNC_DECIMALS) throw new Error('not an amount of UNC: ' + text)
    const padded = fraction + '0'.repeat(UNC_DECIMALS - fraction.length)
    let at = 0
    while (at < padded.length - 1 && padded.charCodeAt(at) == 0x30) at++
    return Amount.parse(text.substring(0, dot))
      .times(1_000_000_000_000_000_000)
      .plus(Amount.parse(padded.substring(at)))
  }

  /** Of 16 big-endian bytes, as storage holds it. */
  static fromBytes(bytes: Uint8Array): Amount {
    if (bytes.length != 16) throw new Error('an amount has 16 bytes')
    return new Amount(bswap(load<u64>(bytes.dataStart, 8)), bswap(load<u64>(bytes.dataStart)))
  }

  toBytes(): Uint8Array {
    const bytes = new Uint8Array(16)
    store<u64>(bytes.dataStart, bswap(this.high))
    store<u64>(bytes.dataStart, bswap(this.low), 8)
    return bytes
  }

  get isZero(): bool {
    return (this.low | this.high) == 0
  }

  @operator('+')
  plus(other: Amount): Amount {
    const low = this.low + other.low
    const carry = <u64>(low < this.low)
    const high = this.high + other.high
    const whole = high + carry
    if (high < this.high || whole < high) throw new Error('overflow: ' + this.toString() + ' + ' + other.toString())
    return new Amount(low, whole)
  }

  @operator('-')
  minus(other: Amount): Amount {
    if (this < other) throw new Error('insufficient: ' + this.toString() + ' - ' + other.toString())
    return new Amount(this.low - other.low, this.high - other.high - <u64>(this.low < other.low))
  }

  /** This amount so many times. */
  times(factor: u64): Amount {
    const high = this.high * factor
    const carry = mulHigh(this.low, factor)
    const whole = high + carry
    if (mulHigh(this.high, factor) != 0 || whole < high) throw new Error('overflow: ' + this.toString() + ' * ' + factor.toString())
    return new Amount(this.low * factor, whole)
  }

  /** Rounded down. Throws for 0. */
  dividedBy(divisor: u64): Amount {
    return this.divide(divisor).quotient
  }

  /** What `dividedBy` leaves. */
  remainder(divisor: u64): u64 {
    return this.divide(divisor).rest
  }

  private divide(divisor: u64): Division {
    if (divisor == 0) throw new Error('division of an amount by zero')
    let high: u64 = 0
    let low: u64 = 0
    let rest: u64 = 0
    for (let bit = 127; bit >= 0; bit--) {
      const over = rest >> 63
      rest = (rest << 1) | (((bit >= 64 ? this.high : this.low) >> (<u64>bit & 63)) & 1)
      if (over == 0 && rest < divisor) continue
      rest -= divisor
      if (bit >= 64) high |= (<u64>1) << (<u64>bit & 63)
      else low |= (<u64>1) << (<u64>bit)
    }
    return new Division(new Amount(low, high), rest)
  }

  @operator('==')
  static equal(a: Amount | null, b: Amount | null): bool {
    if (changetype<usize>(a) == 0 || changetype<usize>(b) == 0) return changetype<usize>(a) == changetype<usize>(b)
    return a!.low == b!.low && a!.high == b!.high
  }

  @operator('!=')
  static unequal(a: Amount | null, b: Amount | null): bool {
    return !Amount.equal(a, b)
  }

  @operator('<')
  static less(a: Amount, b: Amount): bool {
    return a.high < b.high || (a.high == b.high && a.low < b.low)
  }

  @operator('>')
  static more(a: Amount, b: Amount): bool {
    return Amount.less(b, a)
  }

  @operator('<=')
  static atMost(a: Amount, b: Amount): bool {
    return !Amount.less(b, a)
  }

  @operator('>=')
  static atLeast(a: Amount, b: Amount): bool {
    return !Amount.less(a, b)
  }

  /** Decimal digits, in 10^-18 UNC: the form of JSON, WIT and events. */
  toString(): string {
    if (this.high == 0) return this.low.toString()
    const low = this.divide(10_000_000_000_000_000_000)
    const digits = low.rest.toString()
    return low.quotient.toString() + '0'.repeat(19 - digits.length) + digits
  }

  /** In UNC, as people read it: `12.5`. */
  toUnc(): string {
    const parts = this.divide(1_000_000_000_000_000_000)
    if (parts.rest == 0) return parts.quotient.toString()
    const digits = parts.rest.toString()
    let end = digits.length
    while (digits.charCodeAt(end - 1) == 0x30) end--
    return parts.quotient.toString() + '.' + '0'.repeat(UNC_DECIMALS - digits.length) + digits.substring(0, end)
  }
}

class Division {
  constructor(
    readonly quotient: Amount,
    readonly rest: u64,
  ) {}
}
