/** All attacks, with their defences and without each of them. */
import { ATTACKS } from './index.ts'

export interface AttackRow {
  readonly attack: string
  /** Defence taken out; undefined where all stand. */
  readonly without: string | undefined
  readonly broken: boolean
  readonly seen: string
  /** False where a defence did not hold, or where one that was taken out was not missed. */
  readonly expected: boolean
}

/** Runs every attack, or those named: with all its defences (`whole`), once for each of them taken out (`apart`), or both. */
export async function* attackRows(
  seed: number,
  names: readonly string[] = ATTACKS.map((a) => a.name),
  which: 'whole' | 'apart' | 'both' = 'both',
): AsyncGenerator<AttackRow> {
  for (const attack of ATTACKS.filter((a) => names.includes(a.name))) {
    const whole = which === 'apart' ? [] : [undefined]
    const apart = which === 'whole' ? [] : Object.keys(attack.defences)
    for (const without of [...whole, ...apart]) {
      const { broken, seen } = await attack.run(seed, new Set(without === undefined ? [] : [without]))
      yield { attack: attack.name, without, broken, seen, expected: broken === (without !== undefined) }
    }
  }
}
