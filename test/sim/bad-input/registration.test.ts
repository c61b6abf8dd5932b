import { expect, test } from 'vitest'
import { chipPossessionMessage, possessionMessage, toHex, voteKeyMessage } from '../../../runtime/core/index.ts'
import { assignOf, chipOf, claimOf, nodeOf } from '../../../runtime/consensus/power/testing/chips.ts'
import { crypto, userOf, validatorOf } from '../../../runtime/consensus/testing/test-kit.ts'
import { Registry, VENDOR } from '../attacks/registry.ts'
import { rogueKey } from '../attacks/rogue-key.ts'

crypto.useNativeHashes()
const victim = validatorOf(60)
const thief = validatorOf(61)

test('a node that registers a vote key made from that of another is refused, whatever it shows for it', () => {
  const registry = new Registry()
  registry.enrol(victim)
  const { key: bls, sumSecret } = rogueKey(77n, victim.validator.bls)
  const { chainId } = registry
  const bind = crypto.blsSign(voteKeyMessage(chainId, thief.key, bls), sumSecret)
  for (const pop of [
    crypto.blsSign(possessionMessage(bls), sumSecret),
    crypto.blsProvePossession(sumSecret),
    victim.validator.pop,
    crypto.blsAggregate([crypto.blsSign(possessionMessage(bls), sumSecret), victim.validator.pop]),
  ])
    expect(registry.node(thief, { op: 'register', bls, pop, bind, owner: thief.address })).toMatch(/possession/)
  // nor the victim's own key with the victim's own proof
  const { bls: stolen, pop } = victim.validator
  expect(registry.node(thief, { op: 'register', bls: stolen, pop, bind, owner: thief.address })).toMatch(/registered before/)
  const fresh = new Registry()
  expect(fresh.node(thief, { op: 'register', bls: stolen, pop, bind, owner: thief.address })).toMatch(/not bound/)
  expect(fresh.node(thief, nodeOf(thief, chainId))).toBe('ok')
})

test('a chip that is claimed with a BLS key made from that of another is refused', () => {
  const registry = new Registry()
  const other = chipOf('other', { vendor: VENDOR })
  expect(registry.chip(victim, claimOf(other, registry.chainId, victim.address))).toBe('ok')
  const { key: bls, sumSecret } = rogueKey(78n, other.bls)
  const own = chipOf('own')
  // a chip without vendor certifies itself, with any key
  const made = { ...own, bls, certificate: { ...own.certificate, bls } }
  const claim = claimOf({ ...made, blsSecret: sumSecret }, registry.chainId, thief.address)
  expect(registry.chip(thief, claim)).toMatch(/did not sign its certificate/)
  const pop = crypto.blsSign(chipPossessionMessage(registry.chainId, other.serial, other.bls), other.blsSecret)
  const signed = claimOf(own, registry.chainId, thief.address)
  expect(registry.chip(thief, { ...signed, pop })).toMatch(/proof of possession/)
  expect(registry.chip(thief, { ...signed, claim: claim.claim })).toMatch(/sender claims it/)
  expect(registry.chipOf(own.serial)).toBeUndefined()
  expect(registry.chip(thief, signed)).toBe('ok')
})

test('what belongs to another is not to be had: claims, consents and chips signed for somebody or somewhere else', () => {
  const registry = new Registry()
  const [node, stranger] = [registry.enrol(validatorOf(62)), registry.enrol(thief)]
  const chip = chipOf('mine', { vendor: VENDOR })
  const foreign = new Registry()
  // a claim names its owner and its chain
  const claim = claimOf(chip, registry.chainId, node.address)
  expect(registry.chip(stranger, claim)).toMatch(/sender claims it/)
  expect(registry.chip(node, claim)).toBe('ok')
  expect(toHex(registry.chipOf(chip.serial)?.owner ?? new Uint8Array(0))).toBe(toHex(node.address))
  // a node's consent names chip, its moves, node and controller
  const theirs = assignOf(chip, registry.chainId, 0, stranger, stranger.address)
  expect(registry.chip(stranger, theirs)).toMatch(/another owner/)
  expect(registry.chip(node, theirs)).toMatch(/did not consent/)
  expect(registry.chip(node, assignOf(chip, registry.chainId, 1, node, node.address))).toMatch(/did not consent/)
  expect(registry.chip(node, assignOf(chip, registry.chainId, 0, node, node.address))).toBe('ok')
  expect(registry.counted(node).certified).toBe(1)
  expect(foreign.chip(node, { op: 'retire', serial: chip.serial })).toMatch(/no chip/)
  expect(registry.chip(userOf(63), { op: 'retire', serial: chip.serial })).toMatch(/another owner/)
})
