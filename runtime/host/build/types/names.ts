/** Names: AssemblyScript camelCase on one side, WIT kebab-case on the other. */

import { UtnetError } from '../../../core/errors.ts'

const RESERVED = new Set(
  `abstract arguments as async await boolean break case catch class const constructor continue debugger declare default delete do else enum eval
  export extends false final finally for from function get if implements import in infer instanceof interface is keyof let module namespace never
  new null of package private protected public readonly return set static string super switch symbol this throw true try type typeof undefined
  unmanaged var void while with yield`.split(/\s+/),
)

const words = (kebab: string): string[] => kebab.split('-').map((w) => (w === w.toUpperCase() && /[A-Z]/.test(w) ? w.toLowerCase() : w))

/** `balance-of` -> `balanceOf`; a reserved word gets a trailing `_`. */
export function camelCase(kebab: string): string {
  const name = words(kebab)
    .map((w, i) => (i === 0 ? w : w.slice(0, 1).toUpperCase() + w.slice(1)))
    .join('')
  return RESERVED.has(name) ? `${name}_` : name
}

/** `named-tensor` -> `NamedTensor`. */
export function pascalCase(kebab: string): string {
  return words(kebab)
    .map((w) => w.slice(0, 1).toUpperCase() + w.slice(1))
    .join('')
}

/** `balanceOf` -> `balance-of`, `HTTPStatus2` -> `http-status2`. Throws `guest_build` for what WIT cannot say (`_x`, `a__b`, `1`). */
export function kebabCase(name: string): string {
  const kebab = name
    .replace(/_$/, '')
    .replace(/([a-z0-9])([A-Z])/g, '$1-$2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1-$2')
    .replaceAll('_', '-')
    .toLowerCase()
  if (!/^[a-z][a-z0-9]*(?:-[a-z][a-z0-9]*)*$/.test(kebab)) {
    throw new UtnetError('guest_build', `the name ${name} cannot be written in WIT (it would be "${kebab}")`, {
      hint: 'use letters and digits, each word beginning with a letter',
    })
  }
  return kebab
}

/** WIT keywords must be escaped with `%` in text. */
const WIT_KEYWORDS = new Set(
  `as async bool borrow char constructor enum export f32 f64 flags from func future import include interface list option own package record
  resource result s16 s32 s64 s8 static stream string tuple type u16 u32 u64 u8 use variant with world error-context`.split(/\s+/),
)

/** The name as WIT text, escaped where it is a keyword. */
export function witName(kebab: string): string {
  return WIT_KEYWORDS.has(kebab) ? `%${kebab}` : kebab
}
