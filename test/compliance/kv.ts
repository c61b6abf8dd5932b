/** What every store behind the Kv port must do. Run it on a store by `kvCompliance(name, open)`. */
import fc from 'fast-check'
import { afterEach, expect, test } from 'vitest'
import { compareBytes, toHex, utf8, type Kv } from '../../runtime/core/index.ts'

export interface OpenedStore {
  readonly kv: Kv
  /** Closes the store and opens it again over the same data. */
  reopen(): Promise<Kv>
  /** Removes the data. */
  dispose(): Promise<void>
}

type Rows = Iterable<readonly [Uint8Array, Uint8Array]>
const view = (rows: Rows) => [...rows].map(([k, v]) => `${toHex(k)}=${toHex(v)}`)
const LOW = Uint8Array.of(0)
const HIGH = new Uint8Array(64).fill(255)

/** Registers the suite under a name; `open` gives a fresh, empty store each time. */
export function kvCompliance(name: string, open: () => Promise<OpenedStore>): void {
  const opened: OpenedStore[] = []
  const fresh = async () => {
    const store = await open()
    opened.push(store)
    return store
  }
  afterEach(async () => {
    for (const store of opened.splice(0)) await store.dispose()
  })
  const key = (text: string) => utf8(text)

  test(`${name}: get, put, overwrite, remove; empty and large values; copies, not views`, async () => {
    const { kv } = await fresh()
    expect(kv.get(key('a'))).toBeUndefined()
    const value = Uint8Array.of(1, 2, 3)
    await kv.commit([
      [key('a'), value],
      [key('empty'), new Uint8Array(0)],
      [key('large'), new Uint8Array(300_000).fill(7)],
    ])
    value.fill(9)
    const got = kv.get(key('a')) as Uint8Array
    expect(got).toEqual(Uint8Array.of(1, 2, 3))
    expect(Object.getPrototypeOf(got)).toBe(Uint8Array.prototype)
    got.fill(5)
    expect(kv.get(key('a'))).toEqual(Uint8Array.of(1, 2, 3))
    expect(kv.get(key('empty'))).toEqual(new Uint8Array(0))
    expect(kv.get(key('large'))).toEqual(new Uint8Array(300_000).fill(7))
    await kv.commit([
      [key('a'), Uint8Array.of(4)],
      [key('empty'), undefined],
      [key('never'), undefined],
    ])
    expect(view(kv.range(LOW, key('b')))).toEqual(['61=04'])
    expect(kv.get(key('empty'))).toBeUndefined()
    await kv.commit([])
  })

  test(`${name}: changes of one commit apply in order, commits in the order they were called`, async () => {
    const { kv } = await fresh()
    await kv.commit([
      [key('a'), Uint8Array.of(1)],
      [key('a'), undefined],
      [key('a'), Uint8Array.of(2)],
      [key('b'), Uint8Array.of(1)],
      [key('b'), undefined],
    ])
    expect(view(kv.range(LOW, HIGH))).toEqual(['61=02'])
    await Promise.all(
      [1, 2, 3, 4].map((n) =>
        kv.commit([
          [key('a'), Uint8Array.of(n)],
          [Uint8Array.of(n), Uint8Array.of(n)],
        ]),
      ),
    )
    expect(view(kv.range(LOW, HIGH))).toEqual(['01=01', '02=02', '03=03', '04=04', '61=04'])
  })

  test(`${name}: keys order as unsigned bytes, a prefix first; bounds, reverse and limit`, async () => {
    const { kv } = await fresh()
    const keys = [[0], [0, 0], [0, 255], [1], [127], [128], [128, 0], [255], [255, 255]].map((k) => Uint8Array.from(k))
    await kv.commit([...keys].reverse().map((k) => [k, Uint8Array.of(k.length)] as const))
    const all = keys.map((k) => `${toHex(k)}=0${k.length}`)
    expect(view(kv.range(LOW, HIGH))).toEqual(all)
    expect(view(kv.range(new Uint8Array(0), HIGH))).toEqual(all)
    expect(view(kv.range(new Uint8Array(0), HIGH, { reverse: true }))).toEqual([...all].reverse())
    expect(view(kv.range(Uint8Array.of(1), Uint8Array.of(128)))).toEqual(all.slice(3, 5))
    expect(view(kv.range(Uint8Array.of(1), Uint8Array.of(128), { reverse: true }))).toEqual(all.slice(3, 5).reverse())
    expect(view(kv.range(Uint8Array.of(1), HIGH, { limit: 2 }))).toEqual(all.slice(3, 5))
    expect(view(kv.range(Uint8Array.of(1), HIGH, { limit: 2, reverse: true }))).toEqual(all.slice(-2).reverse())
    for (const [from, to] of [
      [HIGH, LOW],
      [LOW, LOW],
      [Uint8Array.of(2), Uint8Array.of(3)],
      [new Uint8Array(0), LOW],
      [LOW, new Uint8Array(0)],
    ] as const) {
      expect(view(kv.range(from, to))).toEqual([])
      expect(view(kv.range(from, to, { reverse: true }))).toEqual([])
    }
    expect(view(kv.range(LOW, HIGH, { limit: 0 }))).toEqual([])
    for (const row of kv.range(LOW, HIGH)) {
      expect(row[0]).toEqual(LOW)
      break
    }
  })

  test(`${name}: refuses bad keys and values, whole commits at a time`, async () => {
    const { kv } = await fresh()
    const bad = 'core_bad_argument'
    for (const k of [new Uint8Array(0), new Uint8Array(1_901)]) {
      expect(() => kv.get(k)).toThrow(expect.objectContaining({ code: bad }) as Error)
      await expect(
        kv.commit([
          [key('a'), key('v')],
          [k, key('v')],
        ]),
      ).rejects.toMatchObject({ code: bad })
    }
    await expect(kv.commit([[key('a'), 'text' as unknown as Uint8Array]])).rejects.toMatchObject({ code: bad })
    expect(view(kv.range(LOW, HIGH))).toEqual([])
    const longest = new Uint8Array(1_900).fill(3)
    await kv.commit([[longest, key('v')]])
    expect(kv.get(longest)).toEqual(key('v'))
  })

  test(`${name}: what was committed is there after opening again; a closed store refuses`, async () => {
    const store = await fresh()
    const { kv } = store
    await kv.commit([
      [key('a'), key('1')],
      [key('b'), key('2')],
    ])
    await kv.commit([[key('a'), undefined]])
    const again = await store.reopen()
    expect(view(again.range(LOW, HIGH))).toEqual(['62=32'])
    expect(() => kv.get(key('b'))).toThrow(expect.objectContaining({ code: 'disk_failed' }) as Error)
    await expect(kv.commit([[key('c'), key('3')]])).rejects.toMatchObject({ code: 'disk_failed' })
  })

  test(`${name}: equals a sorted map under random commits and ranges`, async () => {
    const bytes = fc.uint8Array({ minLength: 1, maxLength: 3 }).map((b) => b.map((x) => x & 7))
    const commit = fc.array(fc.tuple(bytes, fc.option(fc.uint8Array({ maxLength: 4 }), { nil: undefined })), { maxLength: 8 })
    const query = fc.record({ from: bytes, to: bytes, reverse: fc.boolean(), limit: fc.nat({ max: 6 }) })
    await fc.assert(
      fc.asyncProperty(fc.array(commit, { maxLength: 4 }), fc.array(query, { maxLength: 6 }), async (commits, queries) => {
        const { kv } = await fresh()
        const model = new Map<string, readonly [Uint8Array, Uint8Array]>()
        for (const changes of commits) {
          await kv.commit(changes)
          for (const [k, v] of changes) {
            if (v === undefined) model.delete(toHex(k))
            else model.set(toHex(k), [k, v])
          }
        }
        const rows = [...model.values()].sort((a, b) => compareBytes(a[0], b[0]))
        for (const { from, to, reverse, limit } of queries) {
          const expected = rows.filter(([k]) => compareBytes(from, k) <= 0 && compareBytes(k, to) < 0)
          if (reverse) expected.reverse()
          expect(view(kv.range(from, to, { reverse, limit }))).toEqual(view(expected.slice(0, limit)))
        }
      }),
      { numRuns: 15 },
    )
  })
}
