/** JSON, read and written (RFC 8259). Numbers keep their text, so that no digit is lost. */

const DEPTH_MAX: i32 = 64

/** Writes JSON text piece by piece; commas come by themselves. */
export class JsonWriter {
  private out: string = ''
  private comma: bool = false

  toString(): string {
    return this.out
  }

  beginObject(): JsonWriter {
    return this.open('{')
  }

  endObject(): JsonWriter {
    return this.close('}')
  }

  beginArray(): JsonWriter {
    return this.open('[')
  }

  endArray(): JsonWriter {
    return this.close(']')
  }

  /** The key of the next value in an object. */
  key(name: string): JsonWriter {
    this.put(quote(name) + ':')
    this.comma = false
    return this
  }

  string(value: string): JsonWriter {
    return this.put(quote(value))
  }

  bool(value: bool): JsonWriter {
    return this.put(value ? 'true' : 'false')
  }

  integer(value: i64): JsonWriter {
    return this.put(value.toString())
  }

  /** Throws for NaN and the infinities, which JSON has no form for. */
  number(value: f64): JsonWriter {
    if (!isFinite(value)) throw new Error('JSON has no form for ' + value.toString())
    return this.put(value == Math.trunc(value) && Math.abs(value) < 9007199254740992 ? (<i64>value).toString() : value.toString())
  }

  null_(): JsonWriter {
    return this.put('null')
  }

  /** JSON text as it is, for a number in a form of one's own. */
  raw(json: string): JsonWriter {
    return this.put(json)
  }

  /** A key and its value: text, bool, integer, float, or null for a text that is null. */
  field<T>(name: string, value: T): JsonWriter {
    return this.key(name).value<T>(value)
  }

  /** Text, bool, integer or float; null for a text that is null. 64-bit integers keep all digits. */
  value<T>(value: T): JsonWriter {
    if (isBoolean<T>()) return this.bool(<bool>value)
    if (isInteger<T>()) return this.put(value.toString())
    if (isFloat<T>()) return this.number(<f64>value)
    if (isString<T>()) return changetype<usize>(value) == 0 ? this.null_() : this.string(changetype<string>(value))
    ERROR('a JSON value is text, bool, an integer or a float')
  }

  private put(text: string): JsonWriter {
    this.out += this.comma ? ',' + text : text
    this.comma = true
    return this
  }

  private open(bracket: string): JsonWriter {
    this.put(bracket)
    this.comma = false
    return this
  }

  private close(bracket: string): JsonWriter {
    this.out += bracket
    this.comma = true
    return this
  }
}

const HEX = '0123456789abcdef'

/** A JSON string literal. Lone surrogates are escaped, so that the text stays well-formed. */
export function quote(text: string): string {
  let out = '"'
  let from = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    let escape: string
    if (code == 0x22) escape = '\\"'
    else if (code == 0x5c) escape = '\\\\'
    else if (code == 0x0a) escape = '\\n'
    else if (code == 0x0d) escape = '\\r'
    else if (code == 0x09) escape = '\\t'
    else if (code < 0x20) escape = unicodeEscape(code)
    else if (code >= 0xd800 && code < 0xe000) {
      const next = i + 1 < text.length ? text.charCodeAt(i + 1) : 0
      if (code < 0xdc00 && next >= 0xdc00 && next < 0xe000) {
        i++
        continue
      }
      escape = unicodeEscape(code)
    } else continue
    out += text.substring(from, i) + escape
    from = i + 1
  }
  return out + text.substring(from) + '"'
}

function unicodeEscape(code: i32): string {
  return '\\u' + HEX.charAt(code >> 12) + HEX.charAt((code >> 8) & 15) + HEX.charAt((code >> 4) & 15) + HEX.charAt(code & 15)
}

export enum JsonKind {
  null_,
  bool,
  number,
  string,
  array,
  object,
}

/** A value read from JSON. Asking it for what it is not gives null, so that hostile input never traps. */
export class JsonValue {
  kind: JsonKind = JsonKind.null_
  /** The text of a string; the digits of a number as they stood; `true` or `false`. */
  text: string = ''
  items: Array<JsonValue> = []
  keys: Array<string> = []

  /** Null where the text is not exactly one JSON value, or is nested deeper than 64. */
  static parse(text: string): JsonValue | null {
    const reader = new JsonReader(text)
    const value = reader.value(0)
    reader.space()
    return value !== null && reader.at == text.length ? value : null
  }

  /** The member of an object; the last one where a key stands twice. */
  get(key: string): JsonValue | null {
    for (let i = this.keys.length - 1; i >= 0; i--) if (this.keys[i] == key) return this.items[i]
    return null
  }

  /** The value at a path of keys and indices: `at('user.tags.0')`. Null where there is none. */
  at(path: string): JsonValue | null {
    let value: JsonValue = this
    const steps = path.split('.')
    for (let i = 0; i < steps.length; i++) {
      const next = value.kind == JsonKind.array ? value.item(steps[i]) : value.get(steps[i])
      if (next === null) return null
      value = next
    }
    return value
  }

  private item(index: string): JsonValue | null {
    if (index.length == 0 || index.length > 9) return null
    let i = 0
    for (let at = 0; at < index.length; at++) {
      const digit = index.charCodeAt(at) - 0x30
      if (digit < 0 || digit > 9) return null
      i = i * 10 + digit
    }
    return i < this.items.length ? this.items[i] : null
  }

  /** The text at a path, or what is given where there is none. */
  textAt(path: string, fallback: string): string {
    const value = this.at(path)
    const text: string | null = value === null ? null : value.asString
    return text === null ? fallback : text
  }

  /** The integer at a path, or what is given where there is none that fits. */
  integerAt(path: string, fallback: i64): i64 {
    const value = this.at(path)
    return value === null ? fallback : value.asI64(fallback)
  }

  get asString(): string | null {
    return this.kind == JsonKind.string ? this.text : null
  }

  get isTrue(): bool {
    return this.kind == JsonKind.bool && this.text == 'true'
  }

  /** NaN where it is no number. */
  get asF64(): f64 {
    return this.kind == JsonKind.number ? F64.parseFloat(this.text) : NaN
  }

  /** The integer, or `fallback` where it is no number, has a fraction or an exponent, or does not fit. */
  asI64(fallback: i64): i64 {
    if (this.kind != JsonKind.number) return fallback
    const negative = this.text.charCodeAt(0) == 0x2d
    let value: u64 = 0
    for (let i = negative ? 1 : 0; i < this.text.length; i++) {
      const digit = this.text.charCodeAt(i) - 0x30
      if (digit < 0 || digit > 9 || value > (u64.MAX_VALUE - digit) / 10) return fallback
      value = value * 10 + digit
    }
    const limit: u64 = negative ? (<u64>1) << 63 : <u64>i64.MAX_VALUE
    if (value > limit) return fallback
    return negative ? <i64>(0 - value) : <i64>value
  }
}

class JsonReader {
  at: i32 = 0

  constructor(private text: string) {}

  private peek(): i32 {
    return this.at < this.text.length ? this.text.charCodeAt(this.at) : -1
  }

  private accept(code: i32): bool {
    if (this.peek() != code) return false
    this.at++
    return true
  }

  space(): void {
    for (;;) {
      const c = this.peek()
      if (c != 0x20 && c != 0x0a && c != 0x0d && c != 0x09) return
      this.at++
    }
  }

  value(depth: i32): JsonValue | null {
    if (depth > DEPTH_MAX) return null
    this.space()
    const c = this.peek()
    if (c == 0x7b) return this.container(depth, JsonKind.object)
    if (c == 0x5b) return this.container(depth, JsonKind.array)
    if (c == 0x22) {
      const text = this.stringLiteral()
      return text === null ? null : this.leaf(JsonKind.string, text)
    }
    if (c == 0x74) return this.word('true', JsonKind.bool)
    if (c == 0x66) return this.word('false', JsonKind.bool)
    if (c == 0x6e) return this.word('null', JsonKind.null_)
    return this.number()
  }

  private leaf(kind: JsonKind, text: string): JsonValue {
    const value = new JsonValue()
    value.kind = kind
    value.text = text
    return value
  }

  private word(word: string, kind: JsonKind): JsonValue | null {
    if (this.text.substr(this.at, word.length) != word) return null
    this.at += word.length
    return this.leaf(kind, word)
  }

  private container(depth: i32, kind: JsonKind): JsonValue | null {
    const end = kind == JsonKind.object ? 0x7d : 0x5d
    const value = this.leaf(kind, '')
    this.at++
    this.space()
    if (this.accept(end)) return value
    do {
      if (kind == JsonKind.object) {
        this.space()
        const key = this.stringLiteral()
        if (key === null) return null
        this.space()
        if (!this.accept(0x3a)) return null
        value.keys.push(key)
      }
      const item = this.value(depth + 1)
      if (item === null) return null
      value.items.push(item)
      this.space()
    } while (this.accept(0x2c))
    return this.accept(end) ? value : null
  }

  private digits(): bool {
    const from = this.at
    while (this.peek() >= 0x30 && this.peek() <= 0x39) this.at++
    return this.at > from
  }

  private number(): JsonValue | null {
    const from = this.at
    this.accept(0x2d)
    if (!this.accept(0x30) && !this.digits()) return null
    if (this.accept(0x2e) && !this.digits()) return null
    if (this.accept(0x65) || this.accept(0x45)) {
      if (!this.accept(0x2b)) this.accept(0x2d)
      if (!this.digits()) return null
    }
    return this.leaf(JsonKind.number, this.text.substring(from, this.at))
  }

  private stringLiteral(): string | null {
    if (!this.accept(0x22)) return null
    let out = ''
    let from = this.at
    let c = this.peek()
    while (c >= 0x20) {
      this.at++
      if (c == 0x22) return out + this.text.substring(from, this.at - 1)
      if (c == 0x5c) {
        out += this.text.substring(from, this.at - 1)
        const escaped = this.escape()
        if (escaped < 0) return null
        out += String.fromCharCode(escaped)
        from = this.at
      }
      c = this.peek()
    }
    return null // the end, or a bare control character
  }

  /** The character after a backslash; -1 where there is none. */
  private escape(): i32 {
    const c = this.peek()
    this.at++
    switch (c) {
      case 0x22:
      case 0x5c:
      case 0x2f:
        return c
      case 0x62:
        return 0x08
      case 0x66:
        return 0x0c
      case 0x6e:
        return 0x0a
      case 0x72:
        return 0x0d
      case 0x74:
        return 0x09
      case 0x75:
        return this.hex4()
    }
    return -1
  }

  private hex4(): i32 {
    let code = 0
    for (let i = 0; i < 4; i++) {
      const d = this.peek()
      const digit = d >= 0x30 && d <= 0x39 ? d - 0x30 : d >= 0x61 && d <= 0x66 ? d - 0x57 : d >= 0x41 && d <= 0x46 ? d - 0x37 : -1
      if (digit < 0) return -1
      code = (code << 4) | digit
      this.at++
    }
    return code
  }
}
