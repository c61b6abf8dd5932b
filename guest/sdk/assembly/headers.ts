/** Headers in their order; names without regard to case. */

export class Header {
  constructor(
    public name: string,
    public value: string,
  ) {}
}

/** ASCII without case. (`toLowerCase` would bring 14 KB of Unicode tables into every function.) */
export function sameHeader(a: string, b: string): bool {
  if (a.length != b.length) return false
  for (let i = 0; i < a.length; i++) if (lower(a.charCodeAt(i)) != lower(b.charCodeAt(i))) return false
  return true
}

function lower(code: i32): i32 {
  return code >= 0x41 && code <= 0x5a ? code | 0x20 : code
}

export class Headers {
  readonly all: Array<Header>

  constructor(all: Array<Header> = new Array<Header>()) {
    this.all = all
  }

  get length(): i32 {
    return this.all.length
  }

  @operator('[]')
  at(index: i32): Header {
    return this.all[index]
  }

  /** The first value of a name, or null. */
  get(name: string): string | null {
    for (let i = 0; i < this.all.length; i++) if (sameHeader(this.all[i].name, name)) return this.all[i].value
    return null
  }

  getAll(name: string): Array<string> {
    const found: Array<string> = []
    for (let i = 0; i < this.all.length; i++) if (sameHeader(this.all[i].name, name)) found.push(this.all[i].value)
    return found
  }

  has(name: string): bool {
    return this.get(name) !== null
  }

  append(name: string, value: string): Headers {
    this.all.push(new Header(name, value))
    return this
  }

  /** The only value of this name from now on. */
  set(name: string, value: string): Headers {
    return this.remove(name).append(name, value)
  }

  remove(name: string): Headers {
    for (let i = this.all.length - 1; i >= 0; i--) if (sameHeader(this.all[i].name, name)) this.all.splice(i, 1)
    return this
  }
}
