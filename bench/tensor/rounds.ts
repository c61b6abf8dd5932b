/** Variants in turns: what disturbs one disturbs all. */

export interface Variant {
  readonly name: string
  run(): Promise<unknown>
}

/** Milliseconds of each variant's runs, in the order of the variants; `inner` runs count as one. */
export async function rounds(
  variants: readonly Variant[],
  count: number,
  warm: number,
  inner = 1,
): Promise<readonly (readonly number[])[]> {
  for (let i = 0; i < warm; i++) for (const { run } of variants) await run()
  const times = variants.map((): number[] => [])
  for (let i = 0; i < count; i++) {
    for (const [at, { run }] of variants.entries()) {
      const began = performance.now()
      for (let k = 0; k < inner; k++) await run()
      times[at]?.push((performance.now() - began) / inner)
    }
  }
  return times
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] as number

/** What the variants took, for people. */
export function told(what: string, variants: readonly Variant[], times: readonly (readonly number[])[]): void {
  const parts = variants.map(({ name }, i) => `${name} ${median(times[i] as readonly number[]).toFixed(2)}`)
  process.stderr.write(`${what}: ms ${parts.join(', ')}\n`)
}
