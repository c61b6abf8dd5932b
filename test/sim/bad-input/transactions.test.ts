import { expect, test } from 'vitest'
import {
  asArray,
  bytesAmount,
  cidOf,
  concatBytes,
  contractAddress,
  decode,
  decodeAccount,
  domain,
  encode,
  encodeTxBody,
  isUtnetError,
  keyAddress,
  RAW,
  sha256,
  toHex,
  utf8,
  vendorMessage,
  type Cbor,
  leafHash,
  merkleRoot,
  type ChipAction,
  type Claim,
  type CID,
  type NodeAction,
  type TxPayload,
  chainIdOf,
} from '../../../runtime/core/index.ts'
import { bftCrypto, encodeEvidence, type Evidence } from '../../../runtime/consensus/messages/index.ts'
import { BURNT_KEY, supplyOf } from '../../../runtime/consensus/index.ts'
import {
  crypto,
  signBatch,
  testChain,
  testGenesis,
  UNC,
  VALIDATOR,
  validatorOf,
  type TestChain,
  type TestUser,
} from '../../../runtime/consensus/testing/test-kit.ts'
import { assignOf, chipOf, claimOf, nodeOf } from '../../../runtime/consensus/power/testing/chips.ts'
import { knownAnswers } from '../net/known-answers.ts'
import { spoiltBytes, spoiltValues } from './spoil.ts'

crypto.useNativeHashes()
const port = knownAnswers(crypto)

const person = (name: string): TestUser => {
  const secret = sha256(utf8(name))
  const key = crypto.publicKeyEd25519(secret)
  return { secret, key, address: keyAddress(key) }
}
const users = Array.from({ length: 3 }, (_, n) => person(`user ${n}`))
const [maker, other, ...senders] = users as [TestUser, TestUser, ...TestUser[]]
const vendor = person('vendor')
const chip = chipOf('spoilt')
const SHOP = contractAddress(maker.address, 0)

const genesis = testGenesis({
  accounts: users.map(({ address }) => ({ address, balance: 10_000n * UNC })),
  vendors: [{ name: 'vendor', key: vendor.key }],
})

function twice(chainId: CID): Evidence {
  const port = bftCrypto(chainId, { voter: VALIDATOR.voter, signNode: (m) => crypto.signEd25519(m, VALIDATOR.secret) }, crypto)
  const choice = (n: number) => {
    const block = toHex(new Uint8Array(32).fill(n))
    return { block, validRound: -1, signature: port.signVote({ height: 1, round: 0, phase: 'precommit', block }) }
  }
  return { height: 1, round: 0, what: 'precommit', member: 0, choices: [choice(1), choice(2)] }
}

type Payloads = Record<Exclude<TxPayload['kind'], 'chip' | 'node' | 'refute'>, TxPayload> &
  Record<`chip ${ChipAction['op']}` | `node ${NodeAction['op']}` | `refute ${Claim['kind']}`, TxPayload>

const LEAVES = [utf8('no receipt'), utf8('none either')] as const
/** A batch of leaves that are no receipts, as a node signed it. */
const BATCH = signBatch(VALIDATOR, chainIdOf(genesis), { thread: 3, first: 0, size: 2, prev: new Uint8Array(32), root: merkleRoot(LEAVES) })
const ANCHOR: TxPayload = { kind: 'anchor', batches: [BATCH], data: null }

/** A good payload of every kind, and of every operation of a kind, as `by` sends it; the type makes sure that none is forgotten. */
function payloads(chainId: CID, by: TestUser, anchor: CID): Payloads {
  const { serial } = chip
  const doChip = (action: ChipAction): TxPayload => ({ kind: 'chip', action })
  const doNode = (action: NodeAction): TxPayload => ({ kind: 'node', action })
  const cid = cidOf(RAW, Uint8Array.of(3))
  const root = person('another vendor').key
  const target = { anchor, at: 0, ...BATCH, path: [] }
  const shown = { index: 1, leaf: LEAVES[1], path: [leafHash(LEAVES[0])] }
  const refute = (claim: Claim): TxPayload => ({ kind: 'refute', target, claim })
  return {
    transfer: { kind: 'transfer', to: other.address, value: 5n },
    publish: { kind: 'publish', name: `shop-${toHex(by.address).slice(0, 8)}`, module: cid, world: 'contract', size: 10 },
    call: { kind: 'call', to: SHOP, export: 'put', args: ['k', 'v'] },
    operators: { kind: 'operators', stack: [{ module: cid, entry: 'run', inputs: [cid] }] },
    route: { kind: 'route', data: cid, to: other.address, size: 7 },
    custom: { kind: 'custom', data: utf8('data') },
    answer: { kind: 'answer', contract: SHOP, request: 1n, answer: encode([1]) },
    evidence: { kind: 'evidence', record: encodeEvidence(twice(chainId)) },
    anchor: {
      kind: 'anchor',
      batches: [signBatch(VALIDATOR, chainId, { thread: 0, first: 0, size: 2, prev: new Uint8Array(32), root: sha256(utf8('batch')) })],
      data: null,
    },
    vendor: {
      kind: 'vendor',
      proposal: {
        name: 'another',
        key: root,
        height: 1,
        signers: Uint8Array.of(1),
        signature: VALIDATOR.voter.sign(vendorMessage(chainId, 1, 'another', root)),
      },
    },
    'refute unavailable': refute({ kind: 'unavailable', index: 0 }),
    reveal: { kind: 'reveal', reveals: [{ demand: sha256(utf8('demand')), leaf: LEAVES[1], path: shown.path }] },
    'refute verdict': refute({
      kind: 'verdict',
      ...shown,
      transcript: sha256(utf8('t')),
      signers: Uint8Array.of(1),
      signature: new Uint8Array(96),
    }),
    'refute twice': refute({ kind: 'twice', ...signBatch(VALIDATOR, chainId, { ...BATCH.batch, size: 1, root: leafHash(LEAVES[0]) }) }),
    'refute leaf': refute({ kind: 'leaf', ...shown }),
    'chip register': doChip(claimOf(chip, chainId, by.address)),
    'chip transfer': doChip({ op: 'transfer', serial, to: other.address }),
    'chip offer': doChip({ op: 'offer', serial, price: 5n, to: null }),
    'chip buy': doChip({ op: 'buy', serial, price: 5n }),
    'chip lease': doChip({ op: 'lease', serial, lessee: other.address, untilHeight: 90 }),
    'chip endLease': doChip({ op: 'endLease', serial }),
    'chip assign': doChip(assignOf(chip, chainId, 0, VALIDATOR, by.address)),
    'chip retire': doChip({ op: 'retire', serial }),
    'node register': doNode(nodeOf({ ...validatorOf(77), ...by }, chainId)),
    'node bond': doNode({ op: 'bond', amount: 5n }),
    'node unbond': doNode({ op: 'unbond', amount: 5n }),
    'node withdraw': doNode({ op: 'withdraw' }),
    'node leave': doNode({ op: 'leave' }),
  }
}

interface Two {
  readonly a: TestChain
  readonly b: TestChain
  /** The transaction that anchored `BATCH`. */
  readonly anchor: CID
}

/** Two chains with a contract on them. */
async function two(): Promise<Two> {
  const pair = { a: await testChain({ genesis, crypto: port }), b: await testChain({ genesis, crypto: port }) }
  pair.a.send(maker, { kind: 'publish', name: 'shop', module: cidOf(RAW, Uint8Array.of(1)), world: 'contract', size: 10 })
  const anchor = pair.a.send(maker, ANCHOR)
  await both(pair)
  return { ...pair, anchor }
}

/** The next block of the one, run and committed by the other: neither may differ. */
async function both({ a, b }: Omit<Two, 'anchor'>): Promise<number> {
  const { outcomes } = await a.produce()
  const block = a.chain.blockAt(a.chain.head().header.height)
  if (block.certificate === null) throw new Error('no certificate')
  await b.chain.commitBlock(b.chain.executeBlock(block), block.certificate)
  expect(toHex(b.chain.head().hash)).toBe(toHex(a.chain.head().hash))
  return outcomes.length
}

/** No money came or went. */
function audit({ a }: Two): void {
  let sum = 0n
  const burnt = toHex(sha256(BURNT_KEY))
  for (const [position, value] of a.chain.walk('accounts')) {
    if (toHex(position) === burnt) sum += bytesAmount(value)
    else {
      const { balance, bond } = decodeAccount(value)
      sum += balance + bond
    }
  }
  expect(sum).toBe(supplyOf(genesis))
}

const CODES = /^(tx_|core_|name_|guest_|receipt_invalid|chain_)/

/** True when the chain takes the bytes; a refusal must have a code, and must not be the node's own fault. */
function taken({ a }: Two, wire: Uint8Array, what: string): boolean {
  try {
    a.chain.submit(wire)
    return true
  } catch (error) {
    if (!isUtnetError(error)) throw error
    expect([what, error.code, error.fault]).toEqual([what, expect.stringMatching(CODES), expect.not.stringMatching(/^node$/)])
    return false
  }
}

const bodyOf = (t: TestChain, by: TestUser, payload: TxPayload): Cbor[] => [
  ...asArray(
    decode(
      encodeTxBody({
        chainId: t.chain.chainId,
        sender: by.key,
        nonce: t.chain.nextNonce(by.address),
        expiry: 100,
        gasLimit: 60_000_000n,
        maxFeePerGas: 100n * t.chain.params.baseFee,
        payload,
      }),
    ),
    'body',
  ),
]

const signed = (body: readonly Cbor[], by: TestUser): Uint8Array =>
  encode([[...body], crypto.signEd25519(concatBytes(domain('tx'), encode([...body])), by.secret)])

const KINDS = Object.keys(payloads(cidOf(RAW, Uint8Array.of(0)), maker, cidOf(RAW, Uint8Array.of(0)))) as (keyof Payloads)[]

test('a transaction of any kind whose bytes were changed after it was signed is refused with a code', async () => {
  const pair = await two()
  const by = senders[0] as TestUser
  const all = payloads(pair.a.chain.chainId, by, pair.anchor)
  let sent = 0
  for (const kind of KINDS) {
    const good = signed(bodyOf(pair.a, by, all[kind]), by)
    for (const { what, bytes } of spoiltBytes(good, kind, 12)) {
      expect([what, taken(pair, bytes, what)]).toEqual([what, false])
      sent++
    }
  }
  expect(sent).toBeGreaterThan(3_000)
  expect(pair.a.chain.waiting()).toBe(0)
})

test('a transaction of any kind with every field wrong in turn, signed so: refused, or paid for and without harm on two chains alike', async () => {
  const pair = await two()
  const [by] = senders as [TestUser, ...TestUser[]]
  const all = payloads(pair.a.chain.chainId, by, pair.anchor)
  let refused = 0
  let ran = 0
  for (const kind of KINDS) {
    let waiting = 0
    // what is done with a chip is done with one that is there
    if (kind === 'chip transfer') pair.a.send(by, all['chip register'], { gasLimit: 60_000_000n })
    for (const [what, bad] of spoiltValues(bodyOf(pair.a, by, all[kind])[8] as Cbor, kind)) {
      const body = bodyOf(pair.a, by, all[kind])
      body[8] = bad
      if (taken(pair, signed(body, by), what)) waiting++
      else refused++
      if (waiting < 8) continue
      ran += await both(pair)
      waiting = 0
    }
    ran += await both(pair)
    audit(pair)
  }
  expect(refused).toBeGreaterThan(900)
  expect(ran).toBeGreaterThan(100)
})

test('the frame of a transaction with every field wrong in turn, signed so: refused with a code', async () => {
  const pair = await two()
  const [by] = senders as [TestUser, ...TestUser[]]
  const accepted: string[] = []
  const frame = (): Cbor[] => bodyOf(pair.a, by, { kind: 'transfer', to: other.address, value: 5n })
  const spoilt = () => [...spoiltValues(frame().slice(0, 8), 'tx')]
  for (let i = 0; i < spoilt().length; i++) {
    const [what, bad] = spoilt()[i] as readonly [string, Cbor]
    if (Array.isArray(bad) && taken(pair, signed([...(bad as Cbor[]), frame()[8] as Cbor], by), what)) accepted.push(what)
  }
  // a sender may send ahead of its turn, pay more, wait longer and allow more or less gas
  for (const what of accepted) expect(what).toMatch(/^tx\[(3|4|5|6)\]: /)
  expect(accepted.length).toBeGreaterThan(2)
  await both(pair)
})
