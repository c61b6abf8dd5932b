import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  decodeChip,
  decodeNode,
  encodeChip,
  encodeNode,
  isUtnetError,
  LIMITS,
  powerIn,
  NO_KEYS,
  seatsOf,
  sha256,
  totalPower,
  unitsIn,
  utf8,
  type ChipRecord,
  type NodeRecord,
  type Validator,
} from '../../core/index.ts'
import { crypto } from '../testing/test-kit.ts'
import { WorkingState } from '../state/index.ts'
import { burnBond, readUnbonding, unitsOf, writeUnbonding } from './bonds.ts'
import { dated } from './by-epoch.ts'
import { endEpoch } from './epoch-end.ts'
import { foundPower } from './founding.ts'
import { catSeatsOf, hasRoom, membersOf, changePower, readChip, readNode, seatChip, unseatChip, writeChip, writeNode } from './registry.ts'
import { chipOf } from './testing/chips.ts'

crypto.useNativeHashes()

const RULES = { epochBlocks: 1, bondPrice: 1n, level0Share: 1_000, committeeSeats: 0, trustingBlocks: 3 }
const NODES = [1, 2, 3].map((n) => sha256(utf8(`node ${n}`)))
const CHIPS = Array.from({ length: 6 }, (_, i) => {
  const { serial, identity, bls } = chipOf(`model ${i}`)
  return { serial, identity, bls, level: i % 2 }
})

const chipRecord = (i: number): ChipRecord => ({
  ...(CHIPS[i] as (typeof CHIPS)[0]),
  vendor: null,
  owner: new Uint8Array(20),
  node: null,
  seat: 0,
  lease: null,
  offer: null,
  retired: false,
  since: 0,
  moves: 0,
  wrapped: new Uint8Array(0),
})

const FIRST = { from: 0, founding: 0, certified: 0, software: 0, units: 0, aggregate: NO_KEYS, active: true }
const nodeRecord = (n: number): NodeRecord => ({
  bls: new Uint8Array(48).fill(n),
  pop: new Uint8Array(96),
  owner: new Uint8Array(20),
  slashed: null,
  place: null,
  powers: [FIRST],
})

function begin(): { readonly state: WorkingState; readonly present: readonly Validator[] } {
  const state = new WorkingState({ get: () => undefined })
  const founder: Validator = { key: sha256(utf8('founder')), bls: new Uint8Array(48).fill(99), pop: new Uint8Array(96), power: 1 }
  foundPower(state, { validators: [founder], vendors: [] })
  NODES.forEach((key, n) => writeNode(state, key, nodeRecord(n)))
  CHIPS.forEach(({ serial }, i) => writeChip(state, serial, chipRecord(i)))
  return { state, present: [founder] }
}

const action = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant('seat' as const), chip: fc.nat(CHIPS.length - 1), node: fc.nat(NODES.length - 1) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('free' as const), chip: fc.nat(CHIPS.length - 1) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('units' as const), node: fc.nat(NODES.length - 1), units: fc.nat(4) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('end' as const) }) },
)

/** What counts, told plainly: which chips sat where, and how far the bonds reached, at the end of each epoch. */
interface Told {
  readonly sat: readonly (number | undefined)[]
  readonly units: readonly number[]
}

test('U2.5-PWR-1 any stream of moves leaves the powers, seats and sums of a plain model, each two epochs later', () => {
  fc.assert(
    fc.property(fc.array(action, { maxLength: 60, size: 'max' }), (actions) => {
      const { state, present: founders } = begin()
      let present = founders
      let epoch = 0
      let now: { sat: (number | undefined)[]; units: number[] } = { sat: CHIPS.map(() => undefined), units: NODES.map(() => 0) }
      const told: Told[] = []
      const at = (e: number): Told => told[e] ?? { sat: CHIPS.map(() => undefined), units: NODES.map(() => 0) }
      const check = (): void => {
        for (const e of [epoch - 1, epoch, epoch + 1].filter((x) => x >= 0)) {
          NODES.forEach((key, n) => {
            const seats = catSeatsOf(state, key, e)
            const got = Array.from({ length: seats.count }, (_, i) => seats.seat(i).serial)
            const chips = CHIPS.filter((_, i) => at(e - 2).sat[i] === n)
            expect(got.map(String).toSorted()).toEqual(chips.map((c) => String(c.serial)).toSorted())
            expect(seats.aggregate).toEqual(chips.reduce((sum, c) => crypto.blsChangeKeySum(sum, c.bls, 'add'), NO_KEYS))
          })
        }
      }
      for (const a of actions) {
        const moment = { epoch, crypto }
        if (a.do === 'seat' || a.do === 'free') {
          const { serial } = CHIPS[a.chip] as (typeof CHIPS)[0]
          const free = unseatChip(state, moment, serial, readChip(state, serial) as ChipRecord)
          if (a.do === 'seat') seatChip(state, moment, NODES[a.node] as Uint8Array, serial, free)
          now.sat[a.chip] = a.do === 'seat' ? a.node : undefined
        } else if (a.do === 'units') {
          const key = NODES[a.node] as Uint8Array
          changePower(state, key, readNode(state, key) as NodeRecord, epoch, { units: a.units })
          now.units[a.node] = a.units
        } else {
          const next = endEpoch(state, { height: epoch + 1, seed: new Uint8Array(32), rules: RULES, crypto, present })
          told[epoch] = now
          now = { sat: [...now.sat], units: [...now.units] }
          NODES.forEach((key, n) => {
            const { sat, units } = at(epoch - 1)
            const mine = CHIPS.filter((_, i) => sat[i] === n)
            const soft = mine.filter((c) => c.level === 0).length
            const power = mine.length - soft + Math.min(soft, units[n] as number)
            expect(next.find((v) => String(v.key) === String(key))?.power ?? 0).toBe(power)
          })
          // the founder, and each chip that counts once
          expect(totalPower(next)).toBeLessThanOrEqual(1 + CHIPS.length)
          present = next
          epoch++
        }
        check()
        // counted are those that have power in this epoch or one that is fixed, and no others
        for (const key of NODES) {
          const record = readNode(state, key) as NodeRecord
          const units = [0, 1, 2].map((n) => unitsIn(powerIn(record, epoch + n) ?? FIRST))
          if (record.place !== null) expect(units.some((n) => n > 0)).toBe(true)
          else expect(units.slice(1)).toEqual([0, 0])
        }
        expect(membersOf(state)).toBe(1 + NODES.filter((key) => readNode(state, key)?.place !== null).length)
      }
      for (const key of NODES) expect((readNode(state, key) as NodeRecord).powers.length).toBeLessThanOrEqual(4)
    }),
    { numRuns: 20 },
  )
})

test('a value counts two epochs on, and what no epoch from the one before on needs is forgotten', () => {
  const list = [0, 1, 2, 3, 4, 5].reduce<{ from: number; v: string }[]>(
    (l, e) => dated(l, e, { from: e + 2, v: `of ${e}` }),
    [{ from: 0, v: 'first' }],
  )
  expect(list.map((x) => x.from)).toEqual([4, 5, 6, 7])
  expect(dated(list, 5, { from: 7, v: 'again' }).map((x) => x.v)).toEqual(['of 2', 'of 3', 'of 4', 'again'])
  expect(dated(list, 90, { from: 92, v: 'late' }).map((x) => x.from)).toEqual([7, 92])
})

test('nodes that have power at once: at the limit, and one over', () => {
  const state = new WorkingState({ get: () => undefined })
  const some = { founding: 1 }
  for (let n = 0; n < LIMITS.powerNodes; n++) {
    expect(hasRoom(state, nodeRecord(1), some)).toBe(true)
    changePower(state, sha256(Uint8Array.of(n >> 8, n & 255)), nodeRecord(1), 0, some)
  }
  expect(hasRoom(state, nodeRecord(1), some)).toBe(false)
  expect(() => changePower(state, NODES[0] as Uint8Array, nodeRecord(1), 0, some)).toThrow(/no more nodes/)
  // what is without power needs no place, and who has one keeps it
  const without = { software: 3, units: 0 }
  expect(hasRoom(state, nodeRecord(1), without)).toBe(true)
  changePower(state, NODES[0] as Uint8Array, nodeRecord(1), 0, without)
  expect(readNode(state, NODES[0] as Uint8Array)?.place).toBeNull()
  expect(membersOf(state)).toBe(LIMITS.powerNodes)
  expect(hasRoom(state, { ...nodeRecord(1), place: 7 }, some)).toBe(true)
})

test('units of a bond are whole, and bounded', () => {
  expect([0n, 4n, 5n, 9n, 10n].map((bond) => unitsOf(bond, 5n))).toEqual([0, 0, 1, 1, 2])
  expect(unitsOf(2n ** 127n, 1n)).toBe(LIMITS.foundingPower)
})

test('a bond that is burnt takes what was given up and is still at stake, and no more', () => {
  const state = new WorkingState({ get: () => undefined })
  const address = new Uint8Array(20).fill(5)
  state.setAccount(address, { balance: 9n, nonce: 0, bond: 3n, node: null })
  writeUnbonding(state, address, [
    { height: 10, amount: 4n },
    { height: 11, amount: 5n },
  ])
  burnBond(state, address, 10)
  expect(state.account(address)).toMatchObject({ balance: 9n, bond: 0n })
  expect(readUnbonding(state, address)).toEqual([{ height: 10, amount: 4n }])
  expect(state.changes().accounts.length).toBe(2)
})

const bytes = (n: number) => fc.uint8Array({ minLength: n, maxLength: n })
const maybe = <T>(a: fc.Arbitrary<T>) => fc.option(a, { nil: null })
const anyChip: fc.Arbitrary<ChipRecord> = fc.record({
  level: fc.nat(3),
  vendor: maybe(bytes(32)),
  identity: fc.oneof(
    bytes(32).map((b) => ({ alg: 'ed25519' as const, bytes: b })),
    bytes(33).map((b) => ({ alg: 'p256' as const, bytes: b })),
  ),
  bls: bytes(48),
  owner: bytes(20),
  node: maybe(bytes(32)),
  seat: fc.nat(),
  lease: maybe(fc.record({ lessee: bytes(20), untilHeight: fc.nat() })),
  offer: maybe(fc.record({ price: fc.bigInt(0n, 2n ** 100n), to: maybe(bytes(20)) })),
  retired: fc.boolean(),
  since: fc.nat(),
  moves: fc.nat(),
  wrapped: fc.uint8Array({ maxLength: LIMITS.chipWrappedBytes }),
})
const power = fc.record({
  founding: fc.nat(),
  certified: fc.nat(),
  software: fc.nat(),
  units: fc.nat(LIMITS.foundingPower),
  aggregate: bytes(48),
  active: fc.boolean(),
})
const anyNode: fc.Arbitrary<NodeRecord> = fc.record({
  bls: bytes(48),
  pop: bytes(96),
  owner: bytes(20),
  slashed: maybe(fc.nat()),
  place: maybe(fc.nat()),
  powers: fc
    .tuple(fc.uniqueArray(fc.nat(), { minLength: 1, maxLength: 4 }), fc.array(power, { minLength: 4, maxLength: 4 }))
    .map(([from, list]) => from.toSorted((a, b) => a - b).map((f, i) => ({ from: f, ...(list[i] as (typeof list)[0]) }))),
})

test('records survive their bytes, and a changed byte gives another record or a code', () => {
  const changed = (data: Uint8Array, at: number, x: number, again: (b: Uint8Array) => Uint8Array): void => {
    const other = Uint8Array.from(data)
    other[at % other.length] = (other[at % other.length] as number) ^ x
    try {
      expect(again(other)).toEqual(other)
    } catch (error) {
      if (!isUtnetError(error)) throw error
    }
  }
  fc.assert(
    fc.property(anyChip, anyNode, fc.nat(), fc.integer({ min: 1, max: 255 }), (chip, node, at, x) => {
      expect(decodeChip(encodeChip(chip))).toEqual(chip)
      expect(decodeNode(encodeNode(node))).toEqual(node)
      changed(encodeChip(chip), at, x, (b) => encodeChip(decodeChip(b)))
      changed(encodeNode(node), at, x, (b) => encodeNode(decodeNode(b)))
    }),
    { numRuns: 300 },
  )
  const [p] = nodeRecord(1).powers
  const five = [0, 1, 2, 3, 4].map((from) => ({ ...(p as typeof FIRST), from }))
  expect(() => decodeNode(encodeNode({ ...nodeRecord(1), powers: five }))).toThrow(/too many/)
  expect(() => decodeNode(encodeNode({ ...nodeRecord(1), powers: [] }))).toThrow(/none/)
  expect(() => decodeNode(encodeNode({ ...nodeRecord(1), powers: five.slice(0, 2).toReversed() }))).toThrow(/out of order/)
  expect(seatsOf({ certified: 2, software: 3 })).toBe(5)
})
