/**
 * Keys in order: a B-tree (Bayer and McCreight) over the contract's state, of 7 to 15 keys a node, so that every operation reads and writes a number of
 * cells that grows with the logarithm of the size. Its head (root, next id, size: 4 bytes each) stands under its path, a node under path and id.
 */

import { get_, remove, set_ } from '../raw/host-storage'
import { encodeKey, joined } from './keys'

const HALF = 8
const FULL = 2 * HALF - 1

/** Bytes of a key at most: a node stays about 1 KB. */
export const ORDERED_KEY_MAX = 64

/** Bytewise; a beginning comes first. */
export function compareKeys(a: Uint8Array, b: Uint8Array): i32 {
  const order = memory.compare(a.dataStart, b.dataStart, <usize>min(a.length, b.length))
  return order != 0 ? order : a.length - b.length
}

class Node {
  keys: Array<Uint8Array> = []
  /** Ids; none in a leaf, else one more than keys. */
  children: Array<u32> = []

  constructor(readonly id: u32) {}

  get isLeaf(): bool {
    return this.children.length == 0
  }

  /** Place of the first key that is not below. */
  find(key: Uint8Array): i32 {
    let i = 0
    while (i < this.keys.length && compareKeys(this.keys[i], key) < 0) i++
    return i
  }

  holds(key: Uint8Array, at: i32): bool {
    return at < this.keys.length && compareKeys(this.keys[at], key) == 0
  }

  encode(): Uint8Array {
    let size = 1 + 4 * this.children.length
    for (let i = 0; i < this.keys.length; i++) size += 1 + this.keys[i].length
    const bytes = new Uint8Array(size)
    bytes[0] = <u8>this.keys.length
    let at = 1
    for (let i = 0; i < this.keys.length; i++) {
      const key = this.keys[i]
      bytes[at++] = <u8>key.length
      bytes.set(key, at)
      at += key.length
    }
    for (let i = 0; i < this.children.length; i++, at += 4) store<u32>(bytes.dataStart + <usize>at, bswap(this.children[i]))
    return bytes
  }

  static decode(id: u32, bytes: Uint8Array): Node {
    const node = new Node(id)
    let at = 1
    for (let left = <i32>bytes[0]; left > 0; left--) {
      const length = <i32>bytes[at++]
      node.keys.push(bytes.slice(at, at + length))
      at += length
    }
    for (; at < bytes.length; at += 4) node.children.push(bswap(load<u32>(bytes.dataStart + <usize>at)))
    return node
  }
}

export class Tree {
  private root: u32 = 0
  private next: u32 = 1
  private count: u32 = 0

  constructor(private path: Uint8Array) {}

  get size(): u32 {
    this.open()
    return this.count
  }

  has(key: Uint8Array): bool {
    this.open()
    if (this.root == 0) return false
    let node = this.load(this.root)
    let i = node.find(key)
    while (!node.holds(key, i) && !node.isLeaf) {
      node = this.load(node.children[i])
      i = node.find(key)
    }
    return node.holds(key, i)
  }

  /** Adds a key that is not there. */
  insert(key: Uint8Array): void {
    if (key.length > ORDERED_KEY_MAX) throw new Error('an ordered key has at most ' + ORDERED_KEY_MAX.toString() + ' bytes')
    this.open()
    let node: Node
    if (this.root == 0) {
      node = this.fresh()
      this.root = node.id
    } else node = this.load(this.root)
    if (node.keys.length == FULL) {
      const top = this.fresh()
      top.children.push(node.id)
      this.split(top, 0, node)
      this.root = top.id
      node = top
    }
    while (!node.isLeaf) {
      let i = node.find(key)
      let child = this.load(node.children[i])
      if (child.keys.length == FULL) {
        const right = this.split(node, i, child)
        if (compareKeys(key, node.keys[i]) > 0) child = right
      }
      node = child
    }
    insertAt<Uint8Array>(node.keys, node.find(key), key)
    this.save(node)
    this.count++
    this.close()
  }

  /** Takes a key away that is there. */
  remove(key: Uint8Array): void {
    this.open()
    const root = this.load(this.root)
    this.removeFrom(root, key)
    if (root.keys.length == 0) {
      this.root = root.isLeaf ? 0 : root.children[0]
      this.drop(root)
    }
    this.count--
    this.close()
  }

  /** At most `limit` keys with from <= key < to, in order or in reverse; null is no bound. */
  range(from: Uint8Array | null, to: Uint8Array | null, limit: i32, reverse: bool): Array<Uint8Array> {
    const found: Array<Uint8Array> = []
    this.open()
    if (this.root != 0 && limit > 0) this.collect(this.load(this.root), from, to, limit, reverse, found)
    return found
  }

  private collect(node: Node, from: Uint8Array | null, to: Uint8Array | null, limit: i32, reverse: bool, found: Array<Uint8Array>): void {
    const first = from === null ? 0 : node.find(from)
    const end = to === null ? node.keys.length : node.find(to)
    // children first to end, keys first to end - 1 between them
    for (let step = 0; step <= end - first && found.length < limit; step++) {
      const i = reverse ? end - step : first + step
      if (!node.isLeaf) this.collect(this.load(node.children[i]), from, to, limit, reverse, found)
      const key = reverse ? i - 1 : i
      if (key >= first && key < end && found.length < limit) found.push(node.keys[key])
    }
  }

  /** Splits a full child of a node that is not full; gives the new right one. All three are saved. */
  private split(parent: Node, i: i32, child: Node): Node {
    const right = this.fresh()
    right.keys = child.keys.splice(HALF)
    const middle = child.keys.pop()
    if (!child.isLeaf) right.children = child.children.splice(HALF)
    insertAt<Uint8Array>(parent.keys, i, middle)
    insertAt<u32>(parent.children, i + 1, right.id)
    this.save(child)
    this.save(right)
    this.save(parent)
    return right
  }

  /** Takes a key out of a subtree whose top has a key to spare, or is the root. */
  private removeFrom(node: Node, key: Uint8Array): void {
    const i = node.find(key)
    if (node.isLeaf) {
      if (!node.holds(key, i)) return
      node.keys.splice(i, 1)
      this.save(node)
      return
    }
    let child = this.load(node.children[i])
    if (!node.holds(key, i)) {
      this.removeFrom(child.keys.length < HALF ? this.fill(node, i, child) : child, key)
      return
    }
    const right = this.load(node.children[i + 1])
    if (child.keys.length >= HALF) {
      const before = this.edge(child, true)
      node.keys[i] = before
      this.save(node)
      this.removeFrom(child, before)
    } else if (right.keys.length >= HALF) {
      const after = this.edge(right, false)
      node.keys[i] = after
      this.save(node)
      this.removeFrom(right, after)
    } else {
      this.merge(node, i, child, right)
      this.removeFrom(child, key)
    }
  }

  /** The last or first key of a subtree. */
  private edge(node: Node, last: bool): Uint8Array {
    while (!node.isLeaf) node = this.load(last ? node.children[node.children.length - 1] : node.children[0])
    return last ? node.keys[node.keys.length - 1] : node.keys[0]
  }

  /** Gives a child a key to spare, from a neighbour or by joining with one; gives the node that now stands there. */
  private fill(parent: Node, i: i32, child: Node): Node {
    if (i > 0) {
      const left = this.load(parent.children[i - 1])
      if (left.keys.length >= HALF) {
        child.keys.unshift(parent.keys[i - 1])
        parent.keys[i - 1] = left.keys.pop()
        if (!left.isLeaf) child.children.unshift(left.children.pop())
        this.save(left)
        this.save(child)
        this.save(parent)
        return child
      }
      if (i == parent.children.length - 1) {
        this.merge(parent, i - 1, left, child)
        return left
      }
    }
    const right = this.load(parent.children[i + 1])
    if (right.keys.length < HALF) {
      this.merge(parent, i, child, right)
      return child
    }
    child.keys.push(parent.keys[i])
    parent.keys[i] = right.keys.shift()
    if (!right.isLeaf) child.children.push(right.children.shift())
    this.save(right)
    this.save(child)
    this.save(parent)
    return child
  }

  /** Joins two neighbours and the key between them in the left one. */
  private merge(parent: Node, i: i32, left: Node, right: Node): void {
    left.keys.push(parent.keys[i])
    left.keys = left.keys.concat(right.keys)
    left.children = left.children.concat(right.children)
    parent.keys.splice(i, 1)
    parent.children.splice(i + 1, 1)
    this.drop(right)
    this.save(left)
    this.save(parent)
  }

  private fresh(): Node {
    if (this.next == u32.MAX_VALUE) throw new Error('the ordered keys are full')
    return new Node(this.next++)
  }

  private at(id: u32): Uint8Array {
    return joined(this.path, encodeKey<u32>(id))
  }

  private load(id: u32): Node {
    const bytes = get_(this.at(id))
    if (bytes === null) throw new Error('a node of the ordered keys is missing')
    return Node.decode(id, bytes)
  }

  private save(node: Node): void {
    // a root that lost its last key is dropped by whoever took it
    if (node.keys.length > 0) set_(this.at(node.id), node.encode())
  }

  private drop(node: Node): void {
    remove(this.at(node.id))
  }

  /** The head as it stands now: another object over the same path may have changed it. */
  private open(): void {
    const head = get_(this.path)
    this.root = head === null ? 0 : bswap(load<u32>(head.dataStart))
    this.next = head === null ? 1 : bswap(load<u32>(head.dataStart, 4))
    this.count = head === null ? 0 : bswap(load<u32>(head.dataStart, 8))
  }

  private close(): void {
    const head = new Uint8Array(12)
    store<u32>(head.dataStart, bswap(this.root))
    store<u32>(head.dataStart, bswap(this.next), 4)
    store<u32>(head.dataStart, bswap(this.count), 8)
    set_(this.path, head)
  }
}

function insertAt<T>(array: Array<T>, at: i32, value: T): void {
  array.push(value)
  for (let i = array.length - 1; i > at; i--) array[i] = array[i - 1]
  array[at] = value
}
