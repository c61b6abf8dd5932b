/** A digest of what a run does, in the order in which it does it. It tells two runs apart; it is no cryptography. */
export class Trace {
  #a = 0x811c9dc5
  #b = 0x9e3779b9

  add(...numbers: readonly number[]): void {
    for (const n of numbers) {
      this.#a = Math.imul(this.#a ^ n, 0x01000193)
      this.#b = Math.imul(this.#b ^ n, 0x85ebca6b) ^ (this.#b >>> 13)
    }
  }

  text(...texts: readonly string[]): void {
    for (const text of texts) for (let i = 0; i < text.length; i++) this.add(text.charCodeAt(i))
  }

  /** 16 hexadecimal digits. */
  get digest(): string {
    return [this.#a, this.#b].map((n) => (n >>> 0).toString(16).padStart(8, '0')).join('')
  }
}
