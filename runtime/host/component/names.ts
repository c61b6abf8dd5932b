/**
 * Names of components (component-model Explainer.md, "Import and Export Definitions"). There is one way only through each of these patterns, so that a
 * name costs no more than its letters.
 */
import { invalid, type Reader } from '../wasm/index.ts'

const WORD = '(?:[a-z][a-z0-9]*|[A-Z][A-Z0-9]*)'
/** Words in small letters or in capitals, joined by hyphens; all but the first may begin with digits. */
const LABEL = `${WORD}(?:-(?:[0-9]+${WORD}?|${WORD}))*`
const SMALL = '[a-z][a-z0-9]*(?:-[a-z0-9]+)*'
const NUMBER = '(?:0|[1-9][0-9]*)'
const PART = `(?:${NUMBER}|[0-9]*[A-Za-z-][0-9A-Za-z-]*)`
/** Semantic Versioning 2.0.0. */
const VERSION = `${NUMBER}\\.${NUMBER}\\.${NUMBER}(?:-${PART}(?:\\.${PART})*)?(?:\\+[0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*)?`

const ONLY_LABEL = new RegExp(`^${LABEL}$`)
const EXTERN = new RegExp(
  `^(?:${LABEL}|\\[constructor\\]${LABEL}|\\[(?:method|static)\\]${LABEL}\\.${LABEL}|${SMALL}:${SMALL}/${LABEL}(?:@${VERSION})?)$`,
)
const MAX_LABEL = 256

/** The label of a field, case, flag or parameter. */
export function readLabel(r: Reader): string {
  const at = r.at
  const name = r.name()
  if (name.length > MAX_LABEL || !ONLY_LABEL.test(name)) throw invalid('component-type', r.origin + at, `bad label ${JSON.stringify(name)}`)
  return name
}

/** The name of an import or export: 0x00 or 0x01, then a label, one of a resource's functions, or an interface. */
export function readExternName(r: Reader): string {
  const at = r.at
  if (r.u8() > 1) throw invalid('component-type', r.origin + at, 'unknown form of a name')
  const name = r.name()
  if (!EXTERN.test(name)) throw invalid('component-type', r.origin + at, `${JSON.stringify(name)} names no import or export`)
  return name
}
