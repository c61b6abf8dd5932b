/** CAT of a node with 10,000 chips, as the state holds them: what it costs to check, what it weighs, what it catches, and what a block costs beside it. */
import { performance } from 'node:perf_hooks'
import { cidOf, DAG_CBOR, digest, encode, NO_KEYS, utf8, type ChipRecord } from '../../runtime/core/index.ts'
import { catAnswerMessage, catChallenge, checkAggregate, checkCat, decodeCat, drawSeats, encodeCat } from '../../runtime/consensus/index.ts'
import { summedSecret } from '../../runtime/consensus/cat/testing/chips.ts'
import { AHEAD, catSeatsOf, seatChip, writeNode } from '../../runtime/consensus/power/index.ts'
import { chipOf, type TestChip } from '../../runtime/consensus/power/testing/chips.ts'
import { EMPTY_ROOTS, stateAt, updateState, WorkingState, type StateReader } from '../../runtime/consensus/state/index.ts'
import { simulatedKv, validatorOf } from '../../runtime/consensus/testing/test-kit.ts'
import { createPageStore } from '../../runtime/consensus/trie/index.ts'
import * as crypto from '../../runtime/crypto/native.ts'
import { median, rowOf, type Row } from '../row.ts'

const AREA = 'chain'
const CHIPS = 10_000
const ROUNDS = 25
const DRAWS = 100_000
const CHAIN = cidOf(DAG_CBOR, utf8('bench'))
const RESULT = digest('bench', utf8('result'))

interface Node {
  readonly key: Uint8Array
  readonly chips: readonly TestChip[]
  /** The state, every page in memory. */
  readonly warm: StateReader
  /** The same with no page decoded. */
  cold(): StateReader
}

/** A node in the state with its chips on seats, by the functions that transactions use. */
async function nodeWithChips(): Promise<Node> {
  const node = validatorOf(1)
  const state = new WorkingState({ get: () => undefined })
  const first = { from: 0, founding: 0, certified: 0, software: 0, units: 0, aggregate: NO_KEYS, active: true }
  const { bls, pop } = node.validator
  writeNode(state, node.key, { bls, pop, owner: node.address, slashed: null, place: null, powers: [first] })
  const chips = Array.from({ length: CHIPS }, (_, i) => chipOf(`bench ${i}`))
  for (const { serial, identity, bls: key } of chips) {
    const record: ChipRecord = {
      level: 0,
      vendor: null,
      identity,
      bls: key,
      owner: node.address,
      node: null,
      seat: 0,
      lease: null,
      offer: null,
      retired: false,
      since: 0,
      moves: 0,
      wrapped: new Uint8Array(64),
    }
    seatChip(state, { epoch: 0, crypto }, node.key, serial, record)
  }
  const kv = simulatedKv()
  const store = createPageStore(kv)
  const update = updateState(store, EMPTY_ROOTS, state.changes(), 1)
  await kv.commit(update.rows)
  update.remember()
  return { key: node.key, chips, warm: stateAt(store, update.roots), cold: () => stateAt(createPageStore(kv), update.roots) }
}

const timed = (work: () => boolean): number => {
  const start = performance.now()
  if (!work()) throw new Error('what was made does not hold')
  return performance.now() - start
}

export async function catRows(emit: (row: Row) => void): Promise<void> {
  crypto.useNativeHashes()
  const { key, chips, warm, cold } = await nodeWithChips()
  const bySeat = catSeatsOf(warm, key, AHEAD)
  // The 10,000 BLS secrets add up to one that signs for all: it makes this bench quick, and is the very hole that the drawn chips' own signatures close.
  const secret = summedSecret(chips)
  const cats = Array.from({ length: ROUNDS }, (_, i) => {
    const challenge = catChallenge(CHAIN, i, RESULT, key)
    const answers = drawSeats(challenge, CHIPS).map((index) =>
      (chips[index] as TestChip).sign(catAnswerMessage(challenge, bySeat.seat(index).serial, RESULT)),
    )
    return { challenge, bytes: encodeCat({ result: RESULT, aggregate: crypto.blsSign(challenge, secret), answers }) }
  })
  const [one] = cats
  if (one === undefined) throw new Error('there is no CAT')
  // the same 10,000 keys, one by one
  const keys = chips.map((chip) => chip.bls)
  if (!crypto.blsFastAggregateVerify(decodeCat(one.bytes).aggregate, one.challenge, keys))
    throw new Error('the stored sum is of other keys')

  const whole: number[] = []
  const fresh: number[] = []
  const alone: number[] = []
  for (const { challenge, bytes } of cats) {
    whole.push(timed(() => checkCat(bytes, challenge, catSeatsOf(warm, key, AHEAD), crypto).fault === undefined))
    fresh.push(timed(() => checkCat(bytes, challenge, catSeatsOf(cold(), key, AHEAD), crypto).fault === undefined))
    alone.push(timed(() => checkAggregate(decodeCat(bytes).aggregate, challenge, catSeatsOf(warm, key, AHEAD), crypto)))
  }
  process.stderr.write(`with no page of the state decoded, and the chips' keys met before: ${median(fresh).toFixed(1)} ms\n`)
  emit(
    rowOf(AREA, {
      id: 'chain.cat.verify-ms',
      row: 'check of the CAT of a node with 10,000 chips: 44 drawn, keys met for the first time, state in memory',
      unit: 'ms',
      values: whole,
      atMost: 15,
    }),
  )
  emit(
    rowOf(AREA, {
      id: 'chain.cat.bytes',
      row: 'the same CAT in its block',
      unit: 'bytes',
      values: cats.map(({ bytes }) => bytes.length),
      value: Math.max(...cats.map(({ bytes }) => bytes.length)),
      atMost: 6_144,
    }),
  )
  emit(
    rowOf(AREA, {
      id: 'chain.cat.aggregate-ms',
      row: 'the aggregate of all 10,000 against the stored sum of their keys, alone',
      unit: 'ms',
      values: alone,
      atMost: 5,
    }),
  )
  const tenth = CHIPS / 10
  const caught = Array.from({ length: 10 }, () => 0)
  for (let i = 0; i < DRAWS; i++) {
    const drawn = new Set(drawSeats(digest('bench', encode(['caught', i])), CHIPS).map((index) => Math.floor(index / tenth)))
    for (const missing of drawn) caught[missing] = (caught[missing] as number) + 1
  }
  emit(
    rowOf(AREA, {
      id: 'chain.cat.caught',
      row: `share of ${DRAWS} challenges that draw a missing chip where a tenth of 10,000 is missing, over each tenth in turn`,
      unit: 'share',
      values: caught.map((n) => n / DRAWS),
      value: caught.reduce((a, b) => a + b, 0) / (10 * DRAWS),
      atLeast: 0.99,
    }),
  )
}
