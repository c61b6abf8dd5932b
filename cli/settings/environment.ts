/** Settings from the environment. */

/** A variable; one that is set to nothing is as good as not set. */
export function environment(name: string): string | undefined {
  const value = process.env[name]
  return value === '' ? undefined : value
}
