import { randomBytes } from 'node:crypto'
import { beforeAll, describe, expect, test } from 'vitest'
import {
  encode,
  encodeSealedGuest,
  fileCid,
  isSealedGuest,
  LIMITS,
  readSealedGuest,
  sealBound,
  utf8,
  type ChipKey,
} from '../../core/index.ts'
import { openSoftwareChip } from '../../crypto/native.ts'
import { openGuest, sealGuest } from './index.ts'

const component = Uint8Array.from({ length: 500 }, (_, i) => (i * 7) & 255)
const chain = fileCid(utf8('a genesis'))
const random = (n: number): Uint8Array => Uint8Array.from(randomBytes(n))
const code = (code: string): unknown => expect.objectContaining({ code })

let chip: ChipKey
let second: ChipKey
let stranger: ChipKey
let file: Uint8Array

beforeAll(async () => {
  ;[chip, second, stranger] = (await Promise.all([1, 2, 3].map((n) => openSoftwareChip(new Uint8Array(32).fill(n))))) as [
    ChipKey,
    ChipKey,
    ChipKey,
  ]
  file = await sealGuest({ component, world: 'function', chips: [second.publicKey, chip.publicKey], chain, random })
})

describe('sealed guests (U2.1-ISE-1)', () => {
  test('open on every chip of the policy and on its chain only', async () => {
    expect(isSealedGuest(file)).toBe(true)
    for (const mine of [chip, second]) expect((await openGuest(file, mine, chain)).component).toEqual(component)
    await expect(openGuest(file, stranger, chain)).rejects.toThrow(code('seal_not_authorised') as Error)
    await expect(openGuest(file, undefined, chain)).rejects.toMatchObject({
      code: 'seal_not_authorised',
      hint: expect.stringContaining('utnet verify'),
    })
    await expect(openGuest(file, chip, fileCid(utf8('another')))).rejects.toThrow(code('seal_not_authorised') as Error)
    await expect(openGuest(file, chip, undefined)).rejects.toThrow(code('seal_not_authorised') as Error)
    const anywhere = await sealGuest({ component, world: 'function', chips: [chip.publicKey], random })
    expect((await openGuest(anywhere, chip, undefined)).component).toEqual(component)
  })

  test('show nothing of the component, and are never twice the same', async () => {
    expect(Buffer.from(file).includes(component.subarray(0, 16))).toBe(false)
    expect(await sealGuest({ component, world: 'function', chips: [chip.publicKey, second.publicKey], chain, random })).not.toEqual(file)
  })

  test('are refused with any byte changed, cut or added', async () => {
    // Of the other chip's key too: whoever opens it sees the same file
    for (let i = 0; i < file.length; i++) {
      const changed = Uint8Array.from(file)
      changed[i] = (changed[i] as number) ^ 0x20
      await expect(openGuest(changed, chip, chain), `byte ${i}`).rejects.toThrow(
        expect.objectContaining({ code: expect.stringMatching(/^seal_(broken|not_authorised)$/) as string }) as Error,
      )
    }
    for (const cut of [file.subarray(0, file.length - 1), file.subarray(0, 30), new Uint8Array([...file, 0])])
      await expect(openGuest(cut, chip, chain)).rejects.toThrow(code('seal_broken') as Error)
  })

  test('are refused under another policy, however well it is formed', async () => {
    const { policy, wrapped, sealed } = readSealedGuest(file)
    const others = [
      { ...policy, chain: null },
      { ...policy, chain: fileCid(utf8('another')) },
      { ...policy, world: 'operator' as const },
      { ...policy, module: fileCid(utf8('another')) },
    ]
    for (const other of others) {
      const changed = encodeSealedGuest({ policy: other, wrapped, sealed })
      await expect(openGuest(changed, chip, other.chain ?? undefined)).rejects.toThrow(code('seal_broken') as Error)
    }
    // A chip that puts itself in: its key opens nothing
    const place = policy.chips.findIndex((key) => Buffer.from(key).equals(chip.publicKey))
    const mine = wrapped[place] as (typeof wrapped)[number]
    const widened = { ...policy, chips: [stranger.publicKey] }
    await expect(openGuest(encodeSealedGuest({ policy: widened, wrapped: [mine], sealed }), stranger, chain)).rejects.toThrow(
      code('seal_broken') as Error,
    )
  })

  test('a policy is canonical, names chips, few enough, and no contract', async () => {
    const { policy, wrapped, sealed } = readSealedGuest(file)
    const contract = { ...policy, world: 'contract' as const }
    await expect(openGuest(encodeSealedGuest({ policy: contract, wrapped, sealed }), chip, chain)).rejects.toThrow(
      code('seal_broken') as Error,
    )
    const reversed = { ...policy, chips: policy.chips.toReversed() }
    await expect(openGuest(encodeSealedGuest({ policy: reversed, wrapped, sealed }), chip, chain)).rejects.toThrow(
      code('seal_broken') as Error,
    )
    await expect(openGuest(encodeSealedGuest({ policy: { ...policy, chips: [] }, wrapped: [], sealed }), chip, chain)).rejects.toThrow(
      code('seal_broken') as Error,
    )
    expect(() => readSealedGuest(new Uint8Array([...sealBound(policy).subarray(0, 21), ...encode({ policy: 1 })]))).toThrow(
      code('seal_broken') as Error,
    )
    const chips = await Promise.all(
      Array.from({ length: LIMITS.sealChips + 1 }, (_, i) => openSoftwareChip(new Uint8Array(32).fill(i + 10))),
    )
    const keys = chips.map((c) => c.publicKey)
    await expect(sealGuest({ component, world: 'function', chips: keys.slice(1), random })).resolves.toBeInstanceOf(Uint8Array)
    await expect(sealGuest({ component, world: 'function', chips: keys, random })).rejects.toThrow(code('seal_broken') as Error)
    await expect(sealGuest({ component, world: 'function', chips: [], random })).rejects.toThrow(code('seal_broken') as Error)
  })
})
