/** What every security engine must do. Called from the test files of the engines. */
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  chipCertificateMessage,
  chipClaimMessage,
  cidOf,
  DAG_CBOR,
  encode,
  equalBytes,
  toHex,
  type ChipCertificate,
  type IdentityKey,
} from '../../runtime/core/index.ts'
import { registrationOf, type ChipMaker, type HeldChip, type SecurityEngine } from '../../runtime/chips/index.ts'
import * as noble from '../../runtime/crypto/index.ts'
import * as native from '../../runtime/crypto/native.ts'

export interface TwoMakers {
  /** Of two engines that share no S; of a token the same one, whose chips have an S each. */
  readonly makers: readonly [ChipMaker, ChipMaker]
  stop(): Promise<void>
}

const bytesOf = (n: number): Uint8Array => new Uint8Array(32).fill(n)
const failing = (code: string) => expect.objectContaining({ code })
const changed = (bytes: Uint8Array, at: number, flip: number): Uint8Array => bytes.map((b, i) => (i === at % bytes.length ? b ^ flip : b))
const flips = fc.tuple(fc.nat(4_095), fc.integer({ min: 1, max: 255 }))

/** What both halves say of a signature; fails when they differ. */
function valid(sig: Uint8Array, message: Uint8Array, key: IdentityKey): boolean {
  const said = native.verifyIdentity(sig, message, key)
  expect(noble.verifyIdentity(sig, message, key)).toBe(said)
  return said
}

const chainId = cidOf(DAG_CBOR, encode('a chain'))

interface Chip {
  readonly held: HeldChip
  readonly engine: SecurityEngine
}

/** Registers the suite for each algorithm; `runs` is how often what a property needs is asked of the engine. */
export function securityEngineCompliance(
  name: string,
  start: () => Promise<TwoMakers>,
  algorithms: readonly IdentityKey['alg'][],
  runs: number,
): void {
  describe.each(algorithms)(`security engine compliance: ${name}, %s`, (alg) => {
    let two: TwoMakers
    let maker: ChipMaker
    let a: Chip
    let b: Chip

    const newChip = async (of: ChipMaker): Promise<Chip> => {
      const held = await of.make(alg)
      return { held, engine: await of.open(held) }
    }

    beforeAll(async () => {
      two = await start()
      maker = two.makers[0]
      a = await newChip(maker)
      b = await newChip(two.makers[1])
    })
    afterAll(async () => {
      await a.engine.close()
      await b.engine.close()
      await two.stop()
    })

    test('U2.4-POCI-1: chips have serials of their own, and are the same chips when they are opened again', async () => {
      expect(maker.algorithms).toContain(alg)
      expect(a.held.serial.length).toBe(16)
      expect(a.held.serial).not.toEqual(b.held.serial)
      const again = await maker.open(a.held)
      expect(again.backend).toBe(maker.backend)
      expect(again.serial).toEqual(a.held.serial)
      expect(again.publicKey()).toEqual(a.held.identity)
      await again.close()
    })

    test('U2.4-POCI-2, U2.4-POCI-6: what a chip signs holds under its public key outside of it, for any message, and for nothing else', async () => {
      const key = a.engine.publicKey()
      await fc.assert(
        fc.asyncProperty(fc.uint8Array({ minLength: 32, maxLength: 32 }), flips, async (message, [at, flip]) => {
          const sig = await a.engine.sign(message)
          expect(sig.length).toBe(64)
          expect(valid(sig, message, key)).toBe(true)
          expect(valid(changed(sig, at, flip), message, key)).toBe(false)
          expect(valid(sig, changed(message, at, flip), key)).toBe(false)
          expect(valid(sig, message, b.engine.publicKey())).toBe(false)
        }),
        { numRuns: runs },
      )
    })

    test('U2.4-POCI-3: the registration of a chip shows that it claims itself for its owner', async () => {
      const wrapped = await a.engine.wrap(bytesOf(3))
      const bls = native.blsPublicKey(bytesOf(3))
      const certificate = await a.engine.certify(bls)
      const owner = new Uint8Array(20).fill(1)
      const shown = await registrationOf(a.engine, { chainId, owner, certificate, wrapped })
      expect(valid(shown.claim, chipClaimMessage(chainId, a.held.serial, bls, owner), a.held.identity)).toBe(true)
      expect(valid(shown.claim, chipClaimMessage(chainId, a.held.serial, bls, new Uint8Array(20)), a.held.identity)).toBe(false)
      expect(shown.wrapped).toEqual(wrapped)
    })

    test('U2.4-POCI-4: another engine’s S, or any change of what is kept, opens nothing', async () => {
      const wrong: HeldChip[] = [
        { ...a.held, serial: b.held.serial },
        { ...a.held, identity: b.held.identity },
        { ...a.held, sealed: b.held.sealed },
        { ...a.held, sealed: new Uint8Array(0) },
        { ...a.held, sealed: changed(a.held.sealed, a.held.sealed.length - 1, 1) },
        { ...a.held, backend: a.held.backend === 'software' ? 'tpm2' : 'software' },
        { ...b.held, sealed: a.held.sealed },
      ]
      for (const held of wrong) await expect(maker.open(held)).rejects.toThrow(failing('chip_key'))
      await fc.assert(
        fc.asyncProperty(flips, async ([at, flip]) => {
          await expect(maker.open({ ...a.held, sealed: changed(a.held.sealed, at, flip) })).rejects.toThrow(failing('chip_key'))
        }),
        { numRuns: runs },
      )
    })

    test('U2.4-POCI-5: a BLS key signs where the chip unwraps it, and nowhere else', async () => {
      const secret = native.blsKeygen(bytesOf(5))
      const wrapped = await a.engine.wrap(secret)
      const handle = await a.engine.unwrapToHandle(wrapped)
      const message = bytesOf(8)
      expect(handle.key).toEqual(native.blsPublicKey(secret))
      expect(native.blsVerify(handle.sign(message), message, handle.key)).toBe(true)
      handle.close()
      expect(() => handle.sign(message)).toThrow(failing('chip_engine'))
      await expect(b.engine.unwrapToHandle(wrapped)).rejects.toThrow(failing('chip_key'))
      await expect(a.engine.unwrapToHandle(await b.engine.wrap(secret))).rejects.toThrow(failing('chip_key'))
      await expect(a.engine.unwrapToHandle(a.held.sealed)).rejects.toThrow(failing('chip_key'))
      await expect(maker.open({ ...a.held, sealed: wrapped })).rejects.toThrow(failing('chip_key'))
      await fc.assert(
        fc.asyncProperty(flips, async ([at, flip]) => {
          await expect(a.engine.unwrapToHandle(changed(wrapped, at, flip))).rejects.toThrow(failing('chip_key'))
        }),
        { numRuns: runs },
      )
    })

    test('no secret lies in what is kept', async () => {
      const secret = native.blsKeygen(bytesOf(6))
      const wrapped = toHex(await a.engine.wrap(secret))
      // Any 8 bytes of it in a row.
      for (let at = 0; at + 8 <= 32; at++) expect(wrapped.includes(toHex(secret.subarray(at, at + 8)))).toBe(false)
    })

    test('U2.4-POCI-6: a chip’s own certificate binds one BLS key to one serial and identity key', async () => {
      const bls = native.blsPublicKey(bytesOf(7))
      const own = await a.engine.certify(bls)
      const holds = (c: ChipCertificate): boolean => valid(c.sig, chipCertificateMessage(c), c.identity)
      expect({ ...own, sig: null }).toEqual({ serial: a.held.serial, identity: a.held.identity, bls, level: 0, vendor: null, sig: null })
      expect(holds(own)).toBe(true)
      for (const wrong of [
        { ...own, serial: b.held.serial },
        { ...own, identity: b.held.identity },
        { ...own, bls: native.blsPublicKey(bytesOf(9)) },
        { ...own, level: 1 },
      ])
        expect(holds(wrong)).toBe(false)
      expect(equalBytes(own.sig, (await b.engine.certify(bls)).sig)).toBe(false)
    })

    test('what is no BLS secret or key is refused by name', async () => {
      const order = BigInt('0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001')
      const scalar = (n: bigint): Uint8Array => Uint8Array.from(Buffer.from(n.toString(16).padStart(64, '0'), 'hex'))
      for (const wrong of [
        new Uint8Array(31),
        new Uint8Array(33),
        new Uint8Array(0),
        scalar(0n),
        scalar(order),
        new Uint8Array(32).fill(255),
      ])
        await expect(a.engine.wrap(wrong)).rejects.toThrow(failing('core_bad_argument'))
      const last = scalar(order - 1n)
      const handle = await a.engine.unwrapToHandle(await a.engine.wrap(last))
      expect(handle.key).toEqual(native.blsPublicKey(last))
      await expect(a.engine.certify(new Uint8Array(47))).rejects.toThrow(failing('core_bad_argument'))
      for (const length of [0, 31, 33]) await expect(a.engine.sign(new Uint8Array(length))).rejects.toThrow(failing('core_bad_argument'))
      await expect(maker.make('secp256k1' as 'p256')).rejects.toThrow(failing('core_bad_argument'))
    })

    test('a closed chip does nothing', async () => {
      const engine = await maker.open(a.held)
      const wrapped = await engine.wrap(bytesOf(3))
      await engine.close()
      await engine.close()
      for (const use of [
        () => engine.sign(bytesOf(1)),
        () => engine.wrap(bytesOf(3)),
        () => engine.unwrapToHandle(wrapped),
        () => engine.certify(native.blsPublicKey(bytesOf(3))),
      ])
        await expect(use()).rejects.toThrow(failing('chip_engine'))
      expect(valid(await a.engine.sign(bytesOf(1)), bytesOf(1), a.held.identity)).toBe(true)
    })

    test('a chip answers many at once', async () => {
      const messages = Array.from({ length: 5 }, (_, i) => bytesOf(i))
      const sigs = await Promise.all(messages.map((m) => a.engine.sign(m)))
      sigs.forEach((sig, i) => expect(valid(sig, messages[i] as Uint8Array, a.held.identity)).toBe(true))
    })
  })
}
