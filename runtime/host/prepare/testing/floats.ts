/** For tests: functions that do little but move floats between locals, memory and merges of control flow, most of them NaNs. */
import { Random } from './modules.ts'

/** Locals and how they are loaded, stored and computed with: a scalar of each width, vectors by either view. */
const KINDS = [
  { type: 'f32', locals: ['$f', '$g', '$h'], views: ['f32'] },
  { type: 'f64', locals: ['$d', '$e'], views: ['f64'] },
  { type: 'v128', locals: ['$v', '$w', '$u'], views: ['f32x4', 'f64x2'] },
] as const
type Kind = (typeof KINDS)[number]

/** Bytes 0 to 127 of the memory: NaNs canonical and not, infinities, zeros. */
const DATA = [
  '7fc00001',
  'ffc00000',
  '7f800000',
  'ff800000',
  '00000000',
  '7fc00000',
  '3f800000',
  '7ff80000',
  'fff80000',
  '7ff00000',
  '80000000',
]

export function randomFloats(seed: number): string {
  const r = new Random(seed)
  let labels = 0
  const load = ({ type }: Kind): string => `(${type}.load (i32.const ${r.below(12) * 8}))`
  const value = (kind: Kind, depth: number): string => {
    const local = `(local.get ${r.pick(kind.locals)})`
    if (depth === 0) return r.below(4) === 0 ? load(kind) : local
    const sub = (): string => value(kind, depth - 1)
    const view = r.pick(kind.views)
    switch (r.below(8)) {
      case 0:
        return load(kind)
      case 1:
        return `(select ${kind.type === 'v128' ? '(result v128)' : ''} ${sub()} ${sub()} (local.get $i))`
      case 2:
        return `(${view}.neg ${sub()})`
      case 3:
        return `(if (result ${kind.type}) (i32.and (local.get $i) (i32.const ${1 << r.below(4)})) (then ${sub()}) (else ${sub()}))`
      default:
        return `(${view}.${r.pick(['add', 'sub', 'mul', 'div', 'min', 'max'])} ${sub()} ${sub()})`
    }
  }
  const bit = (): string => `(i32.and (local.get $i) (i32.const ${1 << r.below(4)}))`
  const statements = (depth: number): string => {
    const out: string[] = []
    for (let n = 2 + r.below(3); n > 0; n--) {
      const kind = r.pick(KINDS)
      const name = `$x${labels++}`
      switch (r.below(depth > 0 ? 8 : 4)) {
        case 0:
          out.push(`(${kind.type}.store (i32.const ${128 + r.below(16) * 16}) ${value(kind, 1)})`)
          break
        case 4:
          out.push(`(if ${bit()} (then ${statements(depth - 1)}) (else ${statements(depth - 1)}))`)
          break
        case 5:
          out.push(`(if ${bit()} (then ${statements(depth - 1)}))`)
          break
        case 6:
          out.push(`(block ${name} ${statements(depth - 1)} (br_if ${name} ${bit()}) ${statements(depth - 1)})`)
          break
        case 7:
          out.push(
            `(local.set $n${depth} (i32.const 3)) (loop ${name} ${statements(depth - 1)} (br_if ${name} (local.tee $n${depth} (i32.sub (local.get $n${depth}) (i32.const 1)))))`,
          )
          break
        default:
          out.push(`(local.set ${r.pick(kind.locals)} ${value(kind, 2)})`)
      }
    }
    return out.join('\n')
  }
  const bytes = DATA.concat(DATA, DATA)
    .slice(0, 32)
    .map((word, i) => (i % 3 === 0 ? word : r.pick(DATA)))
    .map((word) => (word.match(/../g) as string[]).toReversed().map((byte) => `\\${byte}`))
    .flat()
    .join('')
  const stores = KINDS.flatMap(({ type, locals }, k) =>
    locals.map((name, i) => `(${type}.store (i32.const ${512 + (k * 4 + i) * 16}) (local.get ${name}))`),
  )
  return `(module (memory (export "memory") 1) (data (i32.const 0) "${bytes}")
    (func (export "f") (param $i i32) (param $f f32) (local $g f32) (local $h f32) (local $d f64) (local $e f64) (local $v v128) (local $w v128) (local $u v128)
      (local $n1 i32) (local $n2 i32) (local $n3 i32)
      ${statements(3)} ${stores.join('\n')}))`
}
