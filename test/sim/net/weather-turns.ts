/** Bad weather and calm in turns, and whether validators get on behind a blackout. A node is down at most while the weather is bad, and a while behind a blackout. */
import { HEAL_ROUNDS } from '../monitor.ts'
import type { Scheduler } from '../scheduler.ts'
import { badWeather, POWER_LOSS, type ChainWeather, type Net } from './chain-weather.ts'

/** What the weather befalls. */
export interface WeatherNodes {
  readonly nodes: number
  readonly random: () => number
  readonly time: Scheduler
  /** Of each node; 0 of one that is down. */
  heights(): readonly number[]
  highestRound(): number
  /** Power of each node in the set of a height. */
  powersAt(height: number): readonly number[]
  /** Of a node that is up. */
  losePower(node: number): void
  fault(why: string): void
}

export class WeatherTurns {
  net: Net
  /** How often bad weather ended. */
  heals = 0
  /** Most rounds that it took behind a blackout until each node had a new block. */
  healRounds = 0
  readonly #on: WeatherNodes
  readonly #calm: Net
  readonly #kinds: readonly ChainWeather[]
  #kind: ChainWeather | undefined
  /** Behind a blackout: what the nodes had, and how far they were, as the network was whole again. */
  #healing: { readonly above: number; readonly round: number; readonly silent: ReadonlySet<number> } | undefined

  constructor(on: WeatherNodes, calm: Net, kinds: readonly ChainWeather[]) {
    this.#on = on
    this.#calm = calm
    this.net = calm
    this.#kinds = kinds
  }

  /** Whether a node says nothing, behind a blackout. */
  isSilent(node: number): boolean {
    return this.#healing?.silent.has(node) === true
  }

  /** Ends the weather, or begins another; and so on. */
  change(): void {
    const { nodes, random, time, heights, highestRound } = this.#on
    const again = (): void => this.change()
    if (this.#kind !== undefined) {
      const blackout = this.#kind === 'blackout'
      this.#kind = undefined
      this.net = this.#calm
      this.heals++
      if (blackout) {
        const above = Math.max(...heights())
        this.#healing = { above, round: highestRound(), silent: this.#silentAt([above, above + 1]) }
        this.#loseSome(POWER_LOSS.blackout as number)
      }
      time.after(300 + random() * 1_200, again)
      return
    }
    if (this.#healing !== undefined) {
      time.after(1_000, again)
      return
    }
    this.#kind = this.#kinds[Math.floor(random() * this.#kinds.length)] as ChainWeather
    this.net = badWeather(this.#kind, this.#calm, random, nodes)
    if (this.#kind === 'power') this.#loseSome(POWER_LOSS.power as number)
    time.after(1_000 + random() * 6_000, again)
  }

  /** Has each node a new block since the network is whole? `reached` is the highest that any had, `last` the one that the run ends with. */
  watch(reached: number, last: number): void {
    if (this.#healing === undefined) return
    const { above, round, silent } = this.#healing
    const took = Math.max(0, this.#on.highestRound() - (reached > above ? 0 : round))
    this.healRounds = Math.max(this.healRounds, took)
    if (this.#on.heights().every((height, i) => silent.has(i) || height > Math.min(above, last - 1))) this.#healing = undefined
    else if (took > HEAL_ROUNDS) this.#on.fault(`no progress ${took} rounds after a blackout, at height ${above + 1}`)
  }

  #loseSome(chance: number): void {
    for (let i = 0; i < this.#on.nodes; i++) if (this.#on.random() < chance) this.#on.losePower(i)
  }

  /**
   * Some nodes with less than a third of the power of each of these heights: they say nothing behind a blackout until the others have a new block. The highest block may be
   * known to them alone, so that the others have to make it first, by another set where it ended an epoch; the one before it is with more than a third of its power.
   */
  #silentAt(heights: readonly number[]): Set<number> {
    const powers = heights.map((height) => this.#on.powersAt(height))
    const silent = new Set<number>()
    const isThird = (of: readonly number[], more: number): boolean =>
      [...silent, more].reduce((n, i) => n + (of[i] as number), 0) * 3 >= of.reduce((a, b) => a + b, 0)
    for (const i of Array.from({ length: this.#on.nodes }, (_, n) => n)
      .map((at) => [this.#on.random(), at] as const)
      .sort(([a], [b]) => a - b)
      .map(([, at]) => at)) {
      if (!powers.some((of) => isThird(of, i))) silent.add(i)
    }
    return silent
  }
}
