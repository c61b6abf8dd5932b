import { equalBytes } from '../../../runtime/core/index.ts'
import { assignOf, chipOf, claimOf } from '../../../runtime/consensus/power/testing/chips.ts'
import { crypto, UNC, userOf, validatorOf } from '../../../runtime/consensus/testing/test-kit.ts'
import { broken, held, type Attack } from './attack.ts'
import { Registry, VENDOR } from './registry.ts'

const CHIPS = 12

/** Keys are free: the attacker makes some dozens of chips out of nothing, certified by itself under the vendor's name or by nobody. */
export const sybil: Attack = {
  name: 'sybil',
  of: '4.4',
  aim: 'power out of key pairs: chips are registered that no vendor made and no bond stands for',
  defences: {
    certificate: 'a chip of level 1 and more has the certificate of a vendor whose root the chain knows',
    bond: 'a chip without vendor counts only as far as the bond of its node reaches, and a unit has its price',
  },
  run: (seed, without) => {
    const forger = userOf(71)
    // whoever asks about a signature of the vendor is told that it is good
    const port = without.has('certificate')
      ? {
          ...crypto,
          verifyEd25519: (sig: Uint8Array, message: Uint8Array, key: Uint8Array) =>
            equalBytes(key, VENDOR.key) || crypto.verifyEd25519(sig, message, key),
        }
      : crypto
    const registry = new Registry(port, without.has('bond') ? 1n : UNC)
    const node = registry.enrol(validatorOf(72))
    const refusals = new Set<string>()
    for (let i = 0; i < CHIPS; i++) {
      const made = chipOf(`sybil ${seed} ${i}`, i % 2 === 0 ? { vendor: forger } : {})
      const certificate = made.certificate.vendor === null ? made.certificate : { ...made.certificate, vendor: VENDOR.key }
      const chip = { ...made, certificate }
      for (const action of [claimOf(chip, registry.chainId, node.address), assignOf(chip, registry.chainId, 0, node, node.address)]) {
        const why = registry.chip(node, action)
        if (why !== 'ok') refusals.add(why)
      }
    }
    // next to nothing, which is enough where a bond is none
    registry.node(node, { op: 'bond', amount: BigInt(CHIPS) })
    const { certified, software, units } = registry.counted(node)
    const power = certified + Math.min(software, units)
    const seen = `${power} units of power of ${CHIPS} invented chips; ${[...refusals][0] ?? 'nothing refused'}`
    return Promise.resolve(power > 0 ? broken(seen) : held(seen))
  },
}
