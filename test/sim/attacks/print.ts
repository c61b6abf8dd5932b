/** The attacks on a terminal. */
import type { Attack } from './attack.ts'
import { attackRows } from './table.ts'

/** Runs one attack as asked for. Gives false where the attacker got through. */
export async function printAttack(attack: Attack, without: readonly string[], seed: number): Promise<boolean> {
  process.stdout.write(`${attack.name}: ${attack.aim}\n`)
  for (const [defence, what] of Object.entries(attack.defences))
    process.stdout.write(`  ${without.includes(defence) ? 'taken out: ' : 'stands:    '}${defence}: ${what}\n`)
  const { broken, seen } = await attack.run(seed, new Set(without))
  process.stdout.write(`${broken ? 'BROKEN' : 'held'}: ${seen}\n`)
  return !broken
}

/** The table of all attacks, with their defences and without each. Gives false where a row is not as it should be. */
export async function printTable(seed: number): Promise<boolean> {
  let good = true
  for await (const { attack, without, broken, seen, expected } of attackRows(seed)) {
    good &&= expected
    const state = `${broken ? 'broken' : 'held'}${expected ? '' : ' (!)'}`
    process.stdout.write(`| ${attack} | ${without === undefined ? 'all stand' : `without ${without}`} | ${state} | ${seen} |\n`)
  }
  return good
}
