/** Text of a few characters, such as names and keys: below a dozen a loop takes half the time of a call into the engine. */

export const SHORT_READ = 12
/** Writing needs no string to be made. */
export const SHORT_WRITE = 16

/** All bits that are set in any of `n` units from `at`. */
export function anyBits(units: Uint8Array | Uint16Array, at: number, n: number): number {
  let any = 0
  for (let i = at; i < at + n; i++) any |= units[i] as number
  return any
}

export function readShort(units: Uint8Array | Uint16Array, at: number, n: number): string {
  const u = units as { readonly [index: number]: number }
  const end = at + n
  let i = at
  let text = ''
  for (; i + 8 <= end; i += 8)
    text += String.fromCharCode(
      u[i] as number,
      u[i + 1] as number,
      u[i + 2] as number,
      u[i + 3] as number,
      u[i + 4] as number,
      u[i + 5] as number,
      u[i + 6] as number,
      u[i + 7] as number,
    )
  if (i + 4 <= end) {
    text += String.fromCharCode(u[i] as number, u[i + 1] as number, u[i + 2] as number, u[i + 3] as number)
    i += 4
  }
  for (; i < end; i++) text += String.fromCharCode(u[i] as number)
  return text
}

export function writeShort(units: Uint8Array | Uint16Array, at: number, text: string): void {
  for (let i = 0; i < text.length; i++) units[at + i] = text.charCodeAt(i)
}
