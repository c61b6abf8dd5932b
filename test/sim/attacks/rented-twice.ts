import { assignOf, chipOf, claimOf } from '../../../runtime/consensus/power/testing/chips.ts'
import { userOf, validatorOf } from '../../../runtime/consensus/testing/test-kit.ts'
import { broken, held, type Attack } from './attack.ts'
import { changeChips, Registry, VENDOR } from './registry.ts'

/** The owner lets its chip, is paid, and then lets it to another, sells it, or uses it itself. */
export const rentedTwice: Attack = {
  name: 'rented-twice',
  of: '4.3',
  aim: 'a chip that is let is let again, sold, or used by its owner beside the lessee',
  defences: { 'lease-lock': 'while a lease runs, only the lessee says which node the chip works for, and its owner cannot dispose of it' },
  run: (seed, without) => {
    const registry = new Registry()
    const [own, rented] = [validatorOf(76), validatorOf(77)].map((v) => registry.enrol(v)) as [
      ReturnType<typeof validatorOf>,
      ReturnType<typeof validatorOf>,
    ]
    const chip = chipOf(`let ${seed}`, { vendor: VENDOR })
    const movesNow = (): number => registry.chipOf(chip.serial)?.moves ?? 0
    const assign = (node: typeof own, by: typeof own): string =>
      registry.chip(by, assignOf(chip, registry.chainId, movesNow(), node, by.address))
    registry.chip(own, claimOf(chip, registry.chainId, own.address))
    registry.chip(own, { op: 'lease', serial: chip.serial, lessee: rented.address, untilHeight: 90 })
    assign(rented, rented)
    if (without.has('lease-lock')) registry.hide(changeChips({ lease: null }))
    const paid = registry.counted(rented).certified
    const said = [
      assign(own, own),
      registry.chip(own, { op: 'lease', serial: chip.serial, lessee: userOf(78).address, untilHeight: 95 }),
      registry.chip(own, { op: 'transfer', serial: chip.serial, to: userOf(79).address }),
      registry.chip(own, { op: 'retire', serial: chip.serial }),
    ]
    const left = registry.counted(rented).certified
    const through = said.filter((why) => why === 'ok').length
    const seen = `the lessee's node had ${paid}, has ${left}; ${through} of 4 tries went through: ${said.find((why) => why !== 'ok') ?? ''}`
    if (paid !== 1) throw new Error(seen)
    return Promise.resolve(through === 0 && left === 1 ? held(seen) : broken(seen))
  },
}
