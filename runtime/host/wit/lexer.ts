/** Tokens of WIT text (component-model design/mvp/WIT.md, "Lexical structure"). */

import { UtnetError } from '../../core/errors.ts'

export interface Token {
  readonly kind: 'id' | 'version' | 'punctuation' | 'end'
  readonly text: string
  readonly start: number
  readonly end: number
  /** Written `%like-this`, so never a keyword. */
  readonly escaped: boolean
}

export function witError(source: string, text: string, at: number, message: string): UtnetError {
  const before = text.slice(0, at).split('\n')
  const line = before.length
  const column = (before[before.length - 1] ?? '').length + 1
  return new UtnetError('guest_invalid', `${source}:${line}:${column}: ${message}`, { details: { file: source, line, column } })
}

// words joined by single hyphens, each all lower or all upper case: `DNS-error-payload` is one
const ID = /[a-z][a-z0-9]*(?:-[a-z0-9]+)*/iy
const WORD = /^(?:[a-z][a-z0-9]*|[A-Z][A-Z0-9]*)$/
const VERSION = /[0-9]+\.[0-9]+\.[0-9]+(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?/y
const SPACE = /[ \t\r\n]+/y
const PUNCTUATION = ['->', '{', '}', '(', ')', '<', '>', ':', ';', ',', '.', '=', '@', '/', '*', '_']

function isId(word: string): boolean {
  return word.split('-').every((part, i) => (i === 0 ? WORD.test(part) : /^(?:[a-z0-9]+|[A-Z0-9]+)$/.test(part)))
}

function skipBlockComment(source: string, text: string, start: number): number {
  let depth = 1
  let at = start + 2
  while (depth > 0) {
    if (at >= text.length) throw witError(source, text, start, 'a block comment is not closed')
    if (text.startsWith('/*', at)) [depth, at] = [depth + 1, at + 2]
    else if (text.startsWith('*/', at)) [depth, at] = [depth - 1, at + 2]
    else at++
  }
  return at
}

function match(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at
  return pattern.exec(text)?.[0]
}

/** All tokens of `text`, the last of kind `end`. Comments are dropped. */
export function tokenize(source: string, text: string): Token[] {
  const tokens: Token[] = []
  let at = 0
  const push = (kind: Token['kind'], length: number, word = text.slice(at, at + length), escaped = false): void => {
    tokens.push({ kind, text: word, start: at, end: at + length, escaped })
    at += length
  }
  while (at < text.length) {
    const space = match(SPACE, text, at)
    if (space !== undefined) at += space.length
    else if (text.startsWith('//', at)) {
      const end = text.indexOf('\n', at)
      at = end < 0 ? text.length : end
    } else if (text.startsWith('/*', at)) at = skipBlockComment(source, text, at)
    else {
      const escaped = text[at] === '%'
      const word = match(ID, text, escaped ? at + 1 : at)
      const version = match(VERSION, text, at)
      const mark = PUNCTUATION.find((p) => text.startsWith(p, at))
      if (word !== undefined) {
        if (!isId(word)) throw witError(source, text, at, `"${word}" is not a kebab-case name`)
        push('id', word.length + (escaped ? 1 : 0), word, escaped)
      } else if (version !== undefined) push('version', version.length)
      else if (mark !== undefined) push('punctuation', mark.length)
      else throw witError(source, text, at, `unexpected character ${JSON.stringify(text[at])}`)
    }
  }
  push('end', 0)
  return tokens
}
