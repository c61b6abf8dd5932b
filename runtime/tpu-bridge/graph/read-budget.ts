/** What a file may make a reader hold, beside the bytes of the file itself, and the text in it. */
import { fromUtf8, limitError, LIMITS, UtnetError } from '../../core/index.ts'

/** What an object weighs beside a number of a list. */
const OBJECT = 8

/** Counts names, numbers of lists and sides of shapes: a file of a few megabytes could otherwise become gigabytes of objects. */
export class ReadBudget {
  #items = 0

  take(items: number): void {
    this.#items += items
    if (this.#items > LIMITS.modelItems)
      throw limitError('model_invalid', 'modelItems', this.#items, LIMITS.modelItems, 'names and numbers in the model')
  }

  /** A node, an attribute, a tensor: what holds others. */
  object(): void {
    this.take(OBJECT)
  }

  /** A name. Throws `model_invalid` where it is too long or not UTF-8. */
  name(bytes: Uint8Array): string {
    this.take(1)
    if (bytes.length > LIMITS.modelNameBytes)
      throw limitError('model_invalid', 'modelNameBytes', bytes.length, LIMITS.modelNameBytes, 'length of a name in the model')
    return textOf(bytes)
  }
}

/** Throws `model_invalid` for bytes that are not UTF-8. */
export function textOf(bytes: Uint8Array): string {
  try {
    return fromUtf8(bytes)
  } catch {
    throw new UtnetError('model_invalid', 'the model has text that is not UTF-8')
  }
}

/** A name as messages quote it. */
export const quoted = (name: string): string => JSON.stringify(name.length > 80 ? `${name.slice(0, 80)}...` : name)
