/**
 * What must hold of the state behind every block, told without the chain's own bookkeeping: all money is somewhere, each row has a reason to be there, power is what the
 * rows of chips and bonds say, two epochs later.
 */
import {
  asUint,
  compareBytes,
  contractAddress,
  decode,
  decodeNode,
  demandId,
  endsEpoch,
  epochOf,
  fromHex,
  latestPower,
  nodeAccountKey,
  NO_KEYS,
  requestKey,
  rollupEnds,
  sha256,
  threadKey,
  toHex,
  type ChipRecord,
  type NodeRecord,
  type Validator,
  PARAMS,
} from '../../../runtime/core/index.ts'
import { BURNT_KEY, codeKey, nameKey, recordKey, storeKey, type Chain, type TrieName } from '../../../runtime/consensus/index.ts'
import {
  chipBlsKey,
  chipKey,
  identityKeyKey,
  leasesKey,
  memberKey,
  MEMBERS_KEY,
  nodeKey,
  seatKey,
  unbondingKey,
  vendorKey,
  vendorNameKey,
  voteKeyKey,
} from '../../../runtime/consensus/power/keys.ts'
import {
  anchorKey,
  BASE_FEE_KEY,
  demandKey,
  dueKey,
  MINTED_KEY,
  WARM_KEY,
  moduleKey,
  rewardKey,
  slashedKey,
  versionKey,
} from '../../../runtime/consensus/state/index.ts'
import { crypto } from '../../../runtime/consensus/testing/test-kit.ts'
import { chipAt } from './actions.ts'
import { mustKeepMoney, unbondingOf } from './money.ts'
import { BOND_PRICE, EPOCH_BLOCKS, FOUNDING, FULL_NAMES, LEVEL0_SHARE, NAMES, STORED, type World } from './world.ts'

const TRIES: readonly TrieName[] = ['accounts', 'contracts', 'offchain']

/** All values of the state by trie and position. */
export type Dump = ReadonlyMap<string, string>

export function dumpOf(chain: Chain): Dump {
  const out = new Map<string, string>()
  for (const trie of TRIES) for (const [position, value] of chain.walk(trie)) out.set(`${trie}/${toHex(position)}`, toHex(value))
  return out
}

const placeOf = (trie: TrieName, key: Uint8Array): string => `${trie}/${toHex(sha256(key))}`

/** Places whose values differ. */
export function changedIn(before: Dump, after: Dump): string[] {
  return [...new Set([...before.keys(), ...after.keys()])].filter((place) => before.get(place) !== after.get(place))
}

/** What a transaction that was refused may change: its sender's nonce and balance, what was burnt, what it made ready, and what any block changes. */
export function mayChange({ shop, chain, told }: World, { user, payload, outcome, height }: World['done'][0]): ReadonlySet<string> {
  // a request is closed whatever comes of its callback
  const closed =
    payload.kind === 'answer' && outcome.receipt !== null ? [placeOf('contracts', storeKey(shop, requestKey(payload.request)))] : []
  // what ran is ready from then on, however it ended
  const ran = outcome.receipt === null ? [] : [placeOf('offchain', WARM_KEY)]
  // the block's verdicts, which are none of its doing
  const worked =
    told.length === 0
      ? []
      : [
          placeOf('accounts', MINTED_KEY),
          ...told.map((of) => placeOf('offchain', rewardKey(of))),
          ...told.map((of) => placeOf('accounts', nodeAccountKey(chain.headerAt(of).header.proposer))),
        ]
  return new Set([
    ...closed,
    ...ran,
    ...worked,
    placeOf('accounts', user.address),
    placeOf('accounts', BURNT_KEY),
    placeOf('offchain', rewardKey(height)),
    placeOf('offchain', rewardKey(height - 8)),
    placeOf('offchain', rewardKey(height - 8 - 256)),
    placeOf('offchain', BASE_FEE_KEY),
  ])
}

/** True when something ends with the block of a height by itself. */
export const endsSomething = (w: World, height: number): boolean =>
  endsEpoch(height, EPOCH_BLOCKS) || w.chain.prove('offchain', dueKey(height)).value !== null

function must(holds: boolean, what: string): void {
  if (!holds) throw new Error(what)
}

/** What a node had at the end of an epoch. */
interface Told {
  readonly active: boolean
  readonly founding: number
  readonly slashed: boolean
  readonly bond: bigint
  readonly chips: readonly (ChipRecord & { readonly serial: Uint8Array })[]
}

export class Ledger {
  readonly #w: World
  readonly #told: (readonly Told[])[] = []
  /** By what nodes did: whether they take part, and what the genesis gave them. */
  readonly #taking = FOUNDING.map((founding) => ({ active: founding > 0, founding: founding as number }))
  #read = 0

  constructor(world: World) {
    this.#w = world
  }

  /** Checks the state at the head; throws naming what does not hold. */
  check(): void {
    const w = this.#w
    this.#follow()
    const places = new Places(dumpOf(w.chain))
    this.checkMoney()
    this.#accounts(places)
    this.#contracts(places)
    this.#warm()
    this.#power(places)
    this.#rollup(places)
    const left = places.left()
    must(left.length === 0, `nobody knows why these rows are in the state: ${left.join(', ')}`)
    if (endsEpoch(w.height, EPOCH_BLOCKS)) this.#endEpoch()
  }

  /** Checks the money alone: there is none but what these have, since every row of the state is known to `check`. */
  checkMoney(): void {
    const { chain, actors, shop, earned } = this.#w
    mustKeepMoney(chain, [...actors.map((u) => u.address), shop, new Uint8Array(20)])
    must(chain.minted() === earned, `${chain.minted()} was minted, ${earned} was earned`)
  }

  /** Takes in what nodes did since. */
  #follow(): void {
    const { done, nodes } = this.#w
    for (; this.#read < done.length; this.#read++) {
      const { user, payload, outcome } = done[this.#read] as (typeof done)[0]
      if (payload.kind !== 'node' || outcome.status !== 'ok') continue
      const at = nodes.findIndex((v) => v.key === user.key)
      const { op } = payload.action
      if (op === 'register') this.#taking[at] = { active: true, founding: this.#taking[at]?.founding ?? 0 }
      if (op === 'leave') this.#taking[at] = { active: false, founding: 0 }
    }
  }

  #accounts(places: Places): void {
    const w = this.#w
    for (const address of [...w.actors.map((u) => u.address), w.shop, new Uint8Array(20)]) places.take('accounts', address)
    places.take('accounts', BURNT_KEY)
    places.take('accounts', MINTED_KEY)
    const fee = places.take('offchain', BASE_FEE_KEY)
    must(
      (fee === undefined) === (w.chain.baseFee() === PARAMS.baseFee),
      'the base fee is kept where it is the least, or lost where it is not',
    )
  }

  #contracts(places: Places): void {
    const w = this.#w
    for (const name of [...NAMES, ...FULL_NAMES]) {
      places.take('contracts', nameKey(name))
      for (let at = 0; places.take('contracts', versionKey(name, at)) !== undefined; at++);
    }
    for (const { user, payload, nonce, outcome, id } of w.done) {
      const { kind } = payload
      if (outcome.status !== 'ok') {
        must(w.chain.prove('offchain', recordKey(id)).value === null, `what was refused left a record: ${kind}`)
        continue
      }
      const records =
        kind === 'custom' ||
        kind === 'route' ||
        kind === 'operators' ||
        (kind === 'chip' && ['register', 'transfer', 'buy', 'lease', 'endLease'].includes(payload.action.op))
      if (records) must(places.take('offchain', recordKey(id)) !== undefined, `no record of ${kind}`)
      if (kind === 'publish') places.take('offchain', moduleKey(payload.module))
      if (kind === 'publish') places.take('contracts', codeKey(contractAddress(user.address, nonce)))
    }
    for (const key of [...STORED, ...[0n, 1n, 2n].map(requestKey)]) places.take('contracts', storeKey(w.shop, key))
    places.take('offchain', WARM_KEY)
    const warm = w.chain.warm().map(String)
    must(new Set(warm).size === warm.length, 'code is listed twice as warm')
    const published = new Set(w.done.flatMap(({ payload }) => (payload.kind === 'publish' ? [payload.module.toString()] : [])))
    must(
      warm.every((id) => published.has(id)),
      'code is warm that nobody published',
    )
  }

  /** What is ready fits together, by the sizes that were published. */
  #warm(): void {
    const { chain, done } = this.#w
    const sizes = new Map(done.flatMap(({ payload: p }) => (p.kind === 'publish' ? [[p.module.toString(), p.size] as const] : [])))
    const { warmBytes, warmLeast } = PARAMS.contracts
    const kept = chain.warm().reduce((sum, id) => sum + Math.max(warmLeast, sizes.get(id.toString()) ?? 0), 0)
    must(kept <= warmBytes, `${kept} bytes of code are kept ready`)
  }

  /** Rows of chips, nodes, bonds and vendors. */
  #power(places: Places): void {
    const w = this.#w
    for (const chip of w.chips) {
      const record = chipAt(w, chip)
      const rows = [chipKey(chip.serial), identityKeyKey(chip.identity), chipBlsKey(chip.bls)].map((key) => places.take('offchain', key))
      must(
        rows.every((row) => (row === undefined) === (record === undefined)),
        'a chip has some of its rows only',
      )
      if (record?.retired === true) must(record.node === null, 'a retired chip works')
    }
    for (const { key } of w.vendors) places.take('offchain', vendorKey(key))
    for (const name of ['maker', 'other']) places.take('offchain', vendorNameKey(name))
    const epoch = epochOf(w.height + 1, EPOCH_BLOCKS)
    for (let e = epoch; e < epoch + 12; e++) places.take('offchain', leasesKey(e))
    let counted = 0
    for (const [i, node] of w.nodes.entries()) {
      const bytes = places.take('offchain', nodeKey(node.key))
      const vote = places.take('offchain', voteKeyKey(node.validator.bls))
      must((bytes === undefined) === (vote === undefined), 'a node without its vote key')
      const slashed = places.take('offchain', slashedKey(node.validator.bls)) !== undefined
      for (let at = 0; places.take('offchain', seatKey(node.key, at)) !== undefined; at++);
      const waiting = this.#unbonding(places, node.address)
      const account = w.chain.account(node.address)
      if (bytes === undefined) {
        must(account.bond === 0n && waiting === 0n, 'a bond of nobody')
        continue
      }
      const record = decodeNode(bytes)
      must((record.slashed !== null) === slashed, 'a vote key is punished, its node is not')
      if (slashed) must(account.bond === 0n, 'who was punished has a bond')
      counted += this.#counted(places, node.key, record)
      this.#latest(i, record, account.bond)
    }
    for (const user of w.users) this.#unbonding(places, user.address)
    const members = places.take('offchain', MEMBERS_KEY)
    must(members !== undefined && asUint(decode(members, 'members'), 'members') === counted, 'the number of counted nodes is wrong')
  }

  #counted(places: Places, key: Uint8Array, { place }: NodeRecord): number {
    if (place === null) return 0
    const at = places.take('offchain', memberKey(place))
    must(at !== undefined && compareBytes(at, key) === 0, 'a node stands at the place of another')
    return 1
  }

  /** What a node has now is what sits there now. */
  #latest(i: number, record: NodeRecord, bond: bigint): void {
    const latest = latestPower(record)
    const chips = this.#chipsOf(i)
    const soft = chips.filter((c) => c.level === 0).length
    must(latest.certified === chips.length - soft && latest.software === soft, `node ${i} does not have the chips that sit there`)
    if (record.slashed === null)
      must(latest.units === Number(bond / BOND_PRICE), `node ${i} has ${latest.units} units for a bond of ${bond}`)
    const { active, founding } = this.#taking[i] as { active: boolean; founding: number }
    must(latest.active === active && latest.founding === founding, `node ${i} takes part, and should not, or the other way round`)
    must(compareBytes(latest.aggregate, sumOf(chips)) === 0, `the sum of the keys of node ${i} is not that of its chips`)
  }

  #chipsOf(i: number): (ChipRecord & { readonly serial: Uint8Array })[] {
    const w = this.#w
    const key = w.nodes[i]?.key as Uint8Array
    return w.chips.flatMap((chip) => {
      const record = chipAt(w, chip)
      return record?.node !== undefined && record.node !== null && compareBytes(record.node, key) === 0
        ? [{ ...record, serial: chip.serial }]
        : []
    })
  }

  /** What an account gave up; takes its row. */
  #unbonding(places: Places, address: Uint8Array): bigint {
    const bytes = places.take('offchain', unbondingKey(address))
    // an empty list is one byte
    must(bytes?.length !== 1, 'a row of nothing unbonded')
    return unbondingOf(this.#w.chain, address)
  }

  #rollup(places: Places): void {
    const w = this.#w
    places.take('offchain', BASE_FEE_KEY)
    for (let height = Math.max(1, w.height - 8 - 256); height <= w.height; height++) places.take('offchain', rewardKey(height))
    for (const { key } of w.nodes) for (const thread of [0, 1]) places.take('offchain', threadKey(key, thread))
    for (const { payload, outcome, id, height } of w.done) {
      if (payload.kind !== 'anchor' || outcome.status !== 'ok' || w.height > rollupEnds(height).open) continue
      must(places.take('offchain', anchorKey(id)) !== undefined, 'an anchor is gone before its time')
    }
    for (const { id, demand } of w.chain.demands()) {
      must(demand.deadline >= w.height, 'a demand outlived its time')
      must(
        compareBytes(demandId(demand.anchor, batchNumber(w, demand.anchor, demand.batch.thread), demand.index), id) === 0,
        'a demand of another name',
      )
      must(places.take('offchain', demandKey(id)) !== undefined, 'a demand without a row')
    }
    for (let height = w.height + 1; height <= w.height + 601; height++) places.take('offchain', dueKey(height))
  }

  #endEpoch(): void {
    const w = this.#w
    const epoch = epochOf(w.height, EPOCH_BLOCKS)
    this.#told[epoch] = w.nodes.map((node, i) => {
      const bytes = w.chain.prove('offchain', nodeKey(node.key)).value
      return {
        ...(this.#taking[i] as { active: boolean; founding: number }),
        slashed: bytes !== null && decodeNode(bytes).slashed !== null,
        bond: w.chain.account(node.address).bond,
        chips: this.#chipsOf(i),
      }
    })
    this.#seats(epoch)
    const expected = this.#lineOf(epoch + 1)
    const present = w.chain.setAt(w.height)
    const next = w.chain.setAt(w.height + 1)
    const same = (a: readonly (readonly [string, number])[]): string => a.map(([key, power]) => `${key}:${power}`).join()
    const told = (set: readonly Validator[]): string => same(set.map((v) => [toHex(v.key), v.power]))
    must(
      told(next) === (expected.length === 0 ? told(present) : same(expected)),
      `the set of epoch ${epoch + 1} is not what chips and bonds say`,
    )
  }

  /** The set of an epoch by what was told two epochs before, and who was punished since. */
  #lineOf(epoch: number): (readonly [string, number])[] {
    const w = this.#w
    const then = this.#told[epoch - 2] ?? FOUNDING.map((founding) => ({ active: founding > 0, founding, bond: 0n, chips: [] }))
    const now = this.#told[epoch - 1] as readonly Told[]
    const parts = then.map(({ active, founding, bond, chips }, i) => {
      const soft = chips.filter((c) => c.level === 0).length
      if (!active || now[i]?.slashed === true) return { hard: 0, soft: 0 }
      return { hard: founding + chips.length - soft, soft: Math.min(soft, Number(bond / BOND_PRICE)) }
    })
    const hard = parts.reduce((n, p) => n + p.hard, 0)
    const soft = parts.reduce((n, p) => n + p.soft, 0)
    const most = Math.floor((LEVEL0_SHARE * hard) / (1_000 - LEVEL0_SHARE))
    return parts
      .map((p, i) => [toHex(w.nodes[i]?.key as Uint8Array), p.hard + (soft <= most ? p.soft : Math.floor((p.soft * most) / soft))] as const)
      .filter(([, power]) => power > 0)
      .sort(([a], [b]) => (a < b ? -1 : 1))
  }

  /** The chips that a node's CAT must answer for are those that sat there when its power was fixed. */
  #seats(epoch: number): void {
    const w = this.#w
    for (const [i, { key }] of w.nodes.entries()) {
      for (const at of [epoch - 1, epoch, epoch + 1, epoch + 2]) {
        if (at < 2) continue
        const chips = this.#told[at - 2]?.[i]?.chips ?? []
        const seats = w.chain.catSeats(key, at * EPOCH_BLOCKS + 1)
        const serials = Array.from({ length: seats.count }, (_, n) => toHex(seats.seat(n).serial))
        must(
          serials.sort().join() ===
            chips
              .map((c) => toHex(c.serial))
              .sort()
              .join(),
          `the seats of node ${i} in epoch ${at} are not those of its chips`,
        )
        must(compareBytes(seats.aggregate, sumOf(chips)) === 0, `the sum of node ${i} in epoch ${at} is another`)
      }
    }
  }
}

/** Which batch of an anchor is of a thread. */
function batchNumber(w: World, anchor: { equals(other: unknown): boolean }, thread: number): number {
  const batches = w.anchors.find(({ id }) => anchor.equals(id))?.batches ?? []
  return batches.findIndex(({ batch }) => batch.thread === thread)
}

const sumOf = (chips: readonly { readonly bls: Uint8Array }[]): Uint8Array =>
  chips.reduce((sum, c) => crypto.blsChangeKeySum(sum, c.bls, 'add'), NO_KEYS)

/** The values of a state, of which each is asked for by its key. */
class Places {
  readonly #values: Map<string, string>
  readonly #taken = new Set<string>()

  constructor(dump: Dump) {
    this.#values = new Map(dump)
  }

  take(trie: TrieName, key: Uint8Array): Uint8Array | undefined {
    const place = placeOf(trie, key)
    const value = this.#values.get(place)
    this.#taken.add(place)
    return value === undefined ? undefined : fromHex(value)
  }

  left(): string[] {
    return [...this.#values.keys()].filter((place) => !this.#taken.has(place))
  }
}
