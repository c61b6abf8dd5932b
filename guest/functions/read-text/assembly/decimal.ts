/** A probability in millionths as a number with four decimals, rounded to nearest by integer arithmetic. */
export function decimal(millionths: i32): string {
  const parts = (millionths + 50) / 100
  const rest = (parts % 10_000).toString()
  return (parts / 10_000).toString() + '.' + '0000'.substring(rest.length) + rest
}
