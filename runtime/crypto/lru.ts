/** A map that forgets what was used longest ago. */
export class Lru<V> {
  readonly #items = new Map<string, V>()
  readonly #max: number

  constructor(max: number) {
    this.#max = max
  }

  get(key: string): V | undefined {
    const value = this.#items.get(key)
    if (value === undefined) return undefined
    this.#items.delete(key)
    this.#items.set(key, value)
    return value
  }

  set(key: string, value: V): void {
    this.#items.delete(key)
    this.#items.set(key, value)
    if (this.#items.size <= this.#max) return
    for (const oldest of this.#items.keys()) {
      this.#items.delete(oldest)
      return
    }
  }

  get size(): number {
    return this.#items.size
  }
}
