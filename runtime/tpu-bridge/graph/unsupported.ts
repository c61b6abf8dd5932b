/** What of a model a device cannot run: all of it at once, so that nobody has to find it out operator by operator. */
import { UtnetError } from '../../core/index.ts'
import { allNodes } from './all-nodes.ts'
import type { Model, Node } from './graph.ts'

/** One operator, and where it stands. */
export interface UnsupportedOperator {
  /** `domain.Name`, the default domain without a dot. */
  readonly operator: string
  readonly count: number
  /** Names of the nodes, or of their first outputs where they have none; at most 1,000 for all operators together. */
  readonly nodes: readonly string[]
}

const NAMES_MAX = 1_000

/** Every operator of which `has` says no, in the order in which the model first uses them. */
export function unsupportedOperators(model: Model, has: (node: Node) => boolean): readonly UnsupportedOperator[] {
  const found = new Map<string, { count: number; readonly nodes: string[] }>()
  let names = 0
  for (const node of allNodes(model.graph)) {
    if (has(node)) continue
    const operator = node.domain === '' ? node.op : `${node.domain}.${node.op}`
    let entry = found.get(operator)
    if (entry === undefined) found.set(operator, (entry = { count: 0, nodes: [] }))
    entry.count++
    if (names++ < NAMES_MAX) entry.nodes.push(node.name === '' ? (node.outputs.find((o) => o !== '') ?? '') : node.name)
  }
  return [...found].map(([operator, { count, nodes }]) => ({ operator, count, nodes }))
}

/** Throws `operator_unsupported` with the whole list in its details unless `has` says yes to every node; `who` names the device or devices in the message. */
export function requireOperators(model: Model, has: (node: Node) => boolean, who: string): void {
  const operators = unsupportedOperators(model, has)
  if (operators.length === 0) return
  const total = operators.reduce((n, o) => n + o.count, 0)
  const first = operators.slice(0, 5).map((o) => `${o.operator.slice(0, 80)} (${o.count})`)
  throw new UtnetError(
    'operator_unsupported',
    `${who} cannot run ${total} nodes of the model: ${first.join(', ')}${operators.length > first.length ? ` and ${operators.length - first.length} more operators` : ''}`,
    { details: { operators } },
  )
}
