/** The latest entries by key: beyond `most` the one that was set first is forgotten. */
export class Latest<V> {
  readonly #entries = new Map<string, V>()
  readonly #most: number

  constructor(most: number) {
    this.#most = most
  }

  get(key: string): V | undefined {
    return this.#entries.get(key)
  }

  set(key: string, value: V): void {
    this.#entries.delete(key)
    this.#entries.set(key, value)
    if (this.#entries.size <= this.#most) return
    const [first] = this.#entries.keys()
    this.#entries.delete(first as string)
  }
}
