/** An attack on the chain: what its attacker is after, and the defences that hold it off, each of which a run can do without. */
export interface Attack {
  readonly name: string
  /** Where it is asked for: research 4.4 is its list of attacks, 4.3 the white paper's holes. */
  readonly of: string
  /** What the attacker does, in a line. */
  readonly aim: string
  /** Name of a defence -> what it is. */
  readonly defences: Readonly<Record<string, string>>
  /**
   * Attacks once. A seed draws everything that is left to chance. Where defences are taken out, it is by wrappers of ports and by machines of the
   * simulator: the code under attack has no such switch.
   */
  run(seed: number, without: ReadonlySet<string>): Promise<AttackOutcome>
}

export interface AttackOutcome {
  /** True where the attacker got what it is after. */
  readonly broken: boolean
  /** What was seen, in a line. */
  readonly seen: string
}

export const held = (seen: string): AttackOutcome => ({ broken: false, seen })
export const broken = (seen: string): AttackOutcome => ({ broken: true, seen })
