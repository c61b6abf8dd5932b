/** Names of functions as their authors wrote them. For people: what cannot be read stays as it is. */

const LEGACY = /^_ZN((?:\d{1,3}[^\d].*)?)E$/s
/** Rust ends a legacy name with a hash. */
const HASH = /^h[0-9a-f]{16}$/
const ESCAPES: Readonly<Record<string, string>> = { LT: '<', GT: '>', LP: '(', RP: ')', C: ',', RF: '&', BP: '*', SP: '@' }

/** The path of a name of Rust's legacy scheme, or of a plain one of C++: lengths and identifiers. */
function legacyPath(text: string): string | undefined {
  const parts: string[] = []
  for (let at = 0; at < text.length;) {
    const [digits] = /^\d{1,3}/.exec(text.slice(at, at + 3)) ?? []
    if (digits === undefined) return undefined
    const from = at + digits.length
    at = from + Number(digits)
    if (at > text.length) return undefined
    parts.push(text.slice(from, at))
  }
  if (parts.length > 1 && HASH.test(parts.at(-1) as string)) parts.pop()
  return parts
    .join('::')
    .replaceAll(/\$(?:u([0-9a-f]{1,5})|([A-Z]{1,2}))\$/g, (all, code: string | undefined, name: string | undefined) =>
      code === undefined ? (ESCAPES[name as string] ?? all) : String.fromCodePoint(Number.parseInt(code, 16)),
    )
    .replaceAll('..', '::')
    .replaceAll(/(^|::)_</g, '$1<')
}

/** The path of a name of Rust's v0 scheme, where it is one without type arguments (RFC 2603). */
function rustPath(text: string): string | undefined {
  let at = 0
  const identifier = (): string | undefined => {
    const [all, length] = /^(?:s[0-9a-zA-Z]*_)?(\d{1,3})_?/.exec(text.slice(at)) ?? []
    if (all === undefined) return undefined
    const from = at + all.length
    at = from + Number(length)
    return at > text.length ? undefined : text.slice(from, at)
  }
  const path = (): string | undefined => {
    const tag = text[at++]
    if (tag === 'C') return identifier()
    if (tag !== 'N') return undefined
    const space = text[at++]
    const outer = path()
    const name = outer === undefined ? undefined : identifier()
    return name === undefined ? undefined : `${outer}::${name === '' ? (space === 'C' ? '{closure}' : '{shim}') : name}`
  }
  return path()
}

/** Longer ones are not read. */
const NAME_MAX = 512

/** A function's name without the mangling of its compiler. */
export function readableName(name: string): string {
  if (name.length > NAME_MAX) return name
  const [, legacy] = LEGACY.exec(name) ?? []
  const read = legacy !== undefined ? legacyPath(legacy) : name.startsWith('_R') ? rustPath(name.slice(2)) : undefined
  return read === undefined || read === '' ? name : read
}

/** Functions between a guest's own code and its end: panics, aborts and the scheduler of a language. */
const RUNTIME =
  /^(?:<?(?:core|std|alloc|compiler_builtins|panic_abort|__rustc|___rustc)::|<(?:T|F|I) as |_R[A-Z]|rust_(?:begin_unwind|panic)|__rust_|abort\b|_?exit\b|raise\b|__assert_fail|__wasi_|__wasm_call|_start\b|runtime[./]|wasm_pc_|_rt0_|__(?:cxa|throw)|dlmalloc|malloc|calloc|realloc|free\b)/

export const isOfRuntime = (name: string): boolean => RUNTIME.test(name)
