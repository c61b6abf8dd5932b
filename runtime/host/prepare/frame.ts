/** The weight of a function's frame: 64, and 8 a scalar and 16 a vector, of parameters, locals and the operand stack at its highest. */
import { Instructions, OP, type Body, type BlockType, type CoreModule } from '../wasm/index.ts'

const FRAME = 64
const weight = (letter: string): number => (letter === 'v' ? 16 : 8)

interface Control {
  readonly height: number
  readonly params: string
  readonly results: string
  unreachable: boolean
}

/** The operand stack as the specification's validation algorithm sees it; the module is valid already, so only the weights matter. */
class Operands {
  readonly #types: string[] = []
  readonly #controls: Control[] = []
  #weight = 0
  peak = 0

  push(letter: string): void {
    this.#types.push(letter)
    this.#weight += weight(letter)
    if (this.#weight > this.peak) this.peak = this.#weight
  }

  pushAll(letters: string): void {
    for (const letter of letters) this.push(letter)
  }

  /** The letter on top; `?` for any type in unreachable code. */
  pop(): string {
    const control = this.#controls[this.#controls.length - 1]
    if (control === undefined || this.#types.length <= control.height) return '?'
    const letter = this.#types.pop() as string
    this.#weight -= weight(letter)
    return letter
  }

  popAll(letters: string): void {
    for (let i = 0; i < letters.length; i++) this.pop()
  }

  #cut(height: number): void {
    while (this.#types.length > height) this.#weight -= weight(this.#types.pop() as string)
  }

  open(params: string, results: string): void {
    this.popAll(params)
    this.#controls.push({ height: this.#types.length, params, results, unreachable: false })
    this.pushAll(params)
  }

  otherwise(): void {
    const control = this.#controls[this.#controls.length - 1]
    if (control === undefined) return
    this.#cut(control.height)
    control.unreachable = false
    this.pushAll(control.params)
  }

  close(): void {
    const control = this.#controls.pop()
    if (control === undefined) return
    this.#cut(control.height)
    this.pushAll(control.results)
  }

  unreachable(): void {
    const control = this.#controls[this.#controls.length - 1]
    if (control === undefined) return
    this.#cut(control.height)
    control.unreachable = true
  }
}

/** Bytes that a frame of the function weighs. Throws what the walk over its instructions throws. */
export function frameWeight(module: CoreModule, body: Body): number {
  let locals = body.type.params
  let weights = 0
  for (const letter of locals) weights += weight(letter)
  for (const [n, letter] of body.locals) {
    locals += letter.repeat(n)
    weights += n * weight(letter)
  }
  const stack = new Operands()
  const blockType = (type: BlockType): readonly [string, string] => {
    if (typeof type === 'string') return ['', type]
    const found = module.types[type]
    return [found?.params ?? '', found?.results ?? '']
  }
  stack.open('', body.type.results)
  const walk = new Instructions(module, body)
  while (walk.step()) {
    const { code } = walk
    if (walk.opcode.signature !== '*') {
      const [pops, pushes] = walk.opcode.signature.split(':') as [string, string]
      stack.popAll(pops)
      stack.pushAll(pushes)
      continue
    }
    switch (code) {
      case OP.if:
        stack.pop()
        stack.open(...blockType(walk.block))
        break
      case OP.block:
      case OP.loop:
        stack.open(...blockType(walk.block))
        break
      case OP.else:
        stack.otherwise()
        break
      case OP.end:
        stack.close()
        break
      case OP.unreachable:
      case OP.br:
      case OP.return:
      case OP.brTable:
        stack.unreachable()
        break
      case OP.brIf:
      case OP.drop:
      case OP.localSet:
      case OP.globalSet:
        stack.pop()
        break
      case OP.call:
      case OP.callIndirect: {
        if (code === OP.callIndirect) stack.pop()
        const type = code === OP.call ? module.functions[walk.index] : module.types[walk.index]
        stack.popAll(type?.params ?? '')
        stack.pushAll(type?.results ?? '')
        break
      }
      case OP.select: {
        stack.pop()
        const b = stack.pop()
        const a = stack.pop()
        stack.push(b === '?' ? a : b)
        break
      }
      case OP.selectTyped:
        stack.popAll('iii')
        stack.push(walk.letter)
        break
      case OP.localGet:
        stack.push(locals.charAt(walk.index))
        break
      case OP.localTee:
        stack.pop()
        stack.push(locals.charAt(walk.index))
        break
      case OP.globalGet:
        stack.push(module.globals[walk.index]?.type ?? 'i')
        break
    }
  }
  return FRAME + weights + stack.peak
}
