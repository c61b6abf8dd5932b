/** Powers by epoch: Byzantine power is as great as it may be, just below a third; honest power grows a little in turns. */
export function drawPowers(
  random: () => number,
  nodes: number,
  byzantine: readonly number[],
  overThird: boolean,
): (epoch: number) => number[] {
  const base = Array.from({ length: nodes }, () => 1 + Math.floor(random() * 20))
  const honest = base.reduce((n, p, i) => (byzantine.includes(i) ? n : n + p), 0)
  const most = overThird ? Math.floor(honest * 0.9) : Math.ceil(honest / 2) - 1
  byzantine.forEach((i, at) => {
    base[i] = Math.floor(most / byzantine.length) + (at < most % byzantine.length ? 1 : 0)
  })
  return (epoch) => base.map((p, i) => (byzantine.includes(i) ? p : p + ((epoch + i) % 2)))
}
