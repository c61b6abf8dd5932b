import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  cidOf,
  decodeTx,
  encode,
  encodeSignedTx,
  encodeTx,
  isUtnetError,
  LIMITS,
  RAW,
  txId,
  txSigningBytes,
  utf8,
  UtnetError,
  type Cbor,
  type ChipAction,
  type NodeAction,
  type SignedTx,
  type TxPayload,
} from '../index.ts'

const bytes = (n: number) => fc.uint8Array({ minLength: n, maxLength: n })
const cid = bytes(32).map((b) => cidOf(RAW, b))
const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,20}$/)
const batch = fc.record({ node: bytes(32), thread: fc.nat(), first: fc.nat(), size: fc.nat(), prev: bytes(32), root: bytes(32) })
const path = fc.array(bytes(32), { maxLength: 4 })
const serial = bytes(16)
const maybe = <T>(a: fc.Arbitrary<T>) => fc.option(a, { nil: null })
const amount = fc.bigInt({ min: 0n, max: 2n ** 128n - 1n })
const op = <T extends string>(name: T) => fc.constant(name)
const identity = fc.oneof(
  bytes(32).map((b) => ({ alg: 'ed25519' as const, bytes: b })),
  bytes(33).map((b) => ({ alg: 'p256' as const, bytes: b })),
)
const certificate = fc.record({ serial, identity, bls: bytes(48), level: fc.nat(3), vendor: maybe(bytes(32)), sig: bytes(64) })
const chipAction: fc.Arbitrary<ChipAction> = fc.oneof(
  fc.record({
    op: op('register'),
    certificate,
    claim: bytes(64),
    pop: bytes(96),
    wrapped: fc.uint8Array({ maxLength: LIMITS.chipWrappedBytes }),
  }),
  fc.record({ op: op('transfer'), serial, to: bytes(20) }),
  fc.record({ op: op('offer'), serial, price: maybe(amount), to: maybe(bytes(20)) }),
  fc.record({ op: op('buy'), serial, price: amount }),
  fc.record({ op: op('lease'), serial, lessee: bytes(20), untilHeight: fc.nat() }),
  fc.record({ op: op('endLease'), serial }),
  fc.record({ op: op('assign'), serial, node: bytes(32), consent: bytes(64) }),
  fc.record({ op: op('assign'), serial, node: fc.constant(null), consent: fc.constant(null) }),
  fc.record({ op: op('retire'), serial }),
)
const nodeAction: fc.Arbitrary<NodeAction> = fc.oneof(
  fc.record({ op: op('register'), bls: bytes(48), pop: bytes(96), bind: bytes(96), owner: bytes(20) }),
  fc.record({ op: op('bond'), amount }),
  fc.record({ op: op('unbond'), amount }),
  fc.record({ op: op('withdraw') }),
  fc.record({ op: op('leave') }),
)
const proposal = fc.record({
  name: fc.string(),
  key: bytes(32),
  height: fc.nat(),
  signers: fc.uint8Array({ maxLength: 8 }),
  signature: bytes(96),
})
const payload: fc.Arbitrary<TxPayload> = fc.oneof(
  fc.record({ kind: fc.constant('chip' as const), action: chipAction }),
  fc.record({ kind: fc.constant('node' as const), action: nodeAction }),
  fc.record({ kind: fc.constant('vendor' as const), proposal }),
  fc.record({ kind: fc.constant('transfer' as const), to: bytes(20), value: fc.bigInt({ min: 0n, max: 2n ** 128n - 1n }) }),
  fc.record({ kind: fc.constant('publish' as const), name, module: cid, world: fc.constant('contract'), size: fc.nat() }),
  fc.record({ kind: fc.constant('call' as const), to: bytes(20), export: name, args: fc.constant([1, 'x', utf8('y')]) }),
  fc.record({
    kind: fc.constant('operators' as const),
    stack: fc.array(fc.record({ module: cid, entry: name, inputs: fc.array(cid, { maxLength: 2 }) }), { maxLength: 3 }),
  }),
  fc.record({ kind: fc.constant('route' as const), data: cid, to: bytes(20), size: fc.nat() }),
  fc.record({ kind: fc.constant('custom' as const), data: fc.uint8Array({ maxLength: 50 }) }),
  fc.record({
    kind: fc.constant('anchor' as const),
    batches: fc.array(fc.record({ batch, sig: bytes(64) }), { maxLength: 3 }),
    data: fc.option(cid),
  }),
  fc.record({
    kind: fc.constant('refute' as const),
    target: fc.record({ anchor: cid, at: fc.nat(), batch, sig: bytes(64), path }),
    claim: fc.oneof(
      fc.record({ kind: fc.constant('leaf' as const), index: fc.nat(), leaf: fc.uint8Array({ maxLength: 50 }), path }),
      fc.record({ kind: fc.constant('twice' as const), batch, sig: bytes(64) }),
      fc.record({
        kind: fc.constant('verdict' as const),
        index: fc.nat(),
        leaf: fc.uint8Array({ maxLength: 50 }),
        path,
        transcript: bytes(32),
        signers: fc.uint8Array({ maxLength: 4 }),
        signature: bytes(96),
      }),
      fc.record({ kind: fc.constant('unavailable' as const), index: fc.nat() }),
    ),
  }),
  fc.record({
    kind: fc.constant('reveal' as const),
    reveals: fc.array(fc.record({ demand: bytes(32), leaf: fc.uint8Array({ maxLength: 50 }), path }), { maxLength: 3 }),
  }),
)
const tx: fc.Arbitrary<SignedTx> = fc.record({
  body: fc.record({
    chainId: cid,
    sender: bytes(32),
    nonce: fc.nat(),
    expiry: fc.nat(),
    gasLimit: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    maxFeePerGas: fc.bigInt({ min: 0n, max: 2n ** 100n }),
    payload,
  }),
  sig: bytes(64),
})

test('U3.2-TX-1 a transaction of every kind (publish, operator call stack, data routing, custom bytes among them) survives its wire form', () => {
  fc.assert(
    fc.property(tx, (t) => {
      const wire = encodeTx(t)
      expect(encodeTx(decodeTx(wire))).toEqual(wire)
      const signed: Uint8Array[] = []
      expect(encodeSignedTx(t.body, (message) => (signed.push(message), t.sig))).toEqual(wire)
      expect(signed).toEqual([txSigningBytes(t.body)])
      expect(txId(decodeTx(wire).body).toString()).toBe(txId(t.body).toString())
    }),
  )
})

test('a mutated transaction is refused with a code, or is another one to sign', () => {
  fc.assert(
    fc.property(tx, fc.nat(), fc.integer({ min: 1, max: 255 }), (t, at, x) => {
      const wire = encodeTx(t)
      wire[at % wire.length] = (wire[at % wire.length] as number) ^ x
      try {
        const other = decodeTx(wire)
        const same = Buffer.compare(txSigningBytes(other.body), txSigningBytes(t.body)) === 0
        expect(same && Buffer.compare(other.sig, t.sig) === 0).toBe(false)
      } catch (error) {
        expect(isUtnetError(error)).toBe(true)
      }
    }),
    { numRuns: 1000 },
  )
})

test('U2.4-POCI-3 payloads of chips and nodes: unknown actions, halves of pairs and levels are refused, wrapped keys at the limit and one over', () => {
  const good: SignedTx = {
    body: {
      chainId: cidOf(RAW, new Uint8Array(32)),
      sender: new Uint8Array(32),
      nonce: 0,
      expiry: 0,
      gasLimit: 0n,
      maxFeePerGas: 0n,
      payload: { kind: 'custom', data: new Uint8Array(0) },
    },
    sig: new Uint8Array(64),
  }
  const through = (p: unknown) => decodeTx(encodeTx({ ...good, body: { ...good.body, payload: p as TxPayload } }))
  const chip = {
    serial: new Uint8Array(16),
    identity: { alg: 'ed25519', bytes: new Uint8Array(32) },
    bls: new Uint8Array(48),
    level: 0,
    vendor: null,
    sig: new Uint8Array(64),
  }
  const register = (over: object, wrapped: number = LIMITS.chipWrappedBytes) => ({
    kind: 'chip',
    action: {
      op: 'register',
      certificate: { ...chip, ...over },
      claim: new Uint8Array(64),
      pop: new Uint8Array(96),
      wrapped: new Uint8Array(wrapped),
    },
  })
  expect(() => through(register({}))).not.toThrow()
  expect(() => through(register({}, LIMITS.chipWrappedBytes + 1))).toThrow(/chipWrappedBytes/)
  expect(() => through(register({ level: 4 }))).toThrow(/level 4/)
  expect(() => through(register({ identity: { alg: 'rsa', bytes: new Uint8Array(32) } }))).toThrow(/algorithm/)
  expect(() => through(register({ identity: { alg: 'p256', bytes: new Uint8Array(32) } }))).toThrow(/33 bytes/)
  const assign = { op: 'assign', serial: chip.serial, node: new Uint8Array(32), consent: null }
  expect(() => through({ kind: 'chip', action: assign })).toThrow(/go together/)
  expect(() => through({ kind: 'node', action: { op: 'register' } })).toThrow(UtnetError)
  const raw = (kind: string, value: Cbor) =>
    decodeTx(encode([[1, good.body.chainId, good.body.sender, 0, 0, 0, new Uint8Array(0), kind, value], good.sig]))
  expect(() => raw('chip', { op: 'burn' })).toThrow(/not known/)
  expect(() => raw('node', { op: 'burn' })).toThrow(/not known/)
  expect(() => raw('node', null)).toThrow(/not known/)
  expect(() => raw('node', { op: 'leave', more: 1 })).toThrow(/unknown field/)
})

test('a transaction one byte over the limit is refused', () => {
  expect(() => decodeTx(new Uint8Array(LIMITS.txBytes + 1))).toThrowError(/txBytes/)
})
