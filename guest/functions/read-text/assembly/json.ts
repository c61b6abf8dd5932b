/** The few pieces of JSON (RFC 8259) that the answers need. */

/** A JSON string. */
export function quote(text: string): string {
  let out = '"'
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c == 0x22) out += '\\"'
    else if (c == 0x5c) out += '\\\\'
    else if (c < 0x20) out += c == 0x0a ? '\\n' : '\\u00' + (c < 16 ? '0' : '') + c.toString(16)
    else out += String.fromCharCode(c)
  }
  return out + '"'
}

/** A probability in millionths as a number with four decimals, rounded to nearest by integer arithmetic. */
export function decimal(millionths: i32): string {
  const parts = (millionths + 50) / 100
  const rest = (parts % 10_000).toString()
  return (parts / 10_000).toString() + '.' + '0000'.substring(rest.length) + rest
}
