/** Which operators have kernels. A device that runs them claims these and no others. */
import { UtnetError } from '../../core/index.ts'
import type { Node } from '../graph/index.ts'
import { COMPOSITE } from './composite/index.ts'
import { ELEMENTWISE } from './elementwise/index.ts'
import { LAYOUT } from './layout/index.ts'
import { LINEAR } from './linear/index.ts'
import type { LowerContext, Lowered, Lowering } from './lowering.ts'

/** By `domain.Name`, the default domain without a dot. */
const LOWERINGS: ReadonlyMap<string, Lowering> = new Map([...LINEAR, ...ELEMENTWISE, ...LAYOUT, ...COMPOSITE])

/** Key of the tables: the operator's name, behind its domain and a dot where that is not ONNX's own. */
export const operatorKey = (node: Node): string => (node.domain === '' ? node.op : `${node.domain}.${node.op}`)

/** Whether kernels exist for the operator at all; a form of it may still be refused. */
export const hasKernels = (node: Node): boolean => LOWERINGS.has(operatorKey(node))

/** Kinds of operators with kernels, in order of name. */
export const operatorKinds = (): readonly string[] => [...LOWERINGS.keys()].sort()

/** Lowers a node. Throws `operator_unsupported` for one without kernels, and what lowerings throw. */
export function lower(context: LowerContext): Lowered {
  const found = LOWERINGS.get(operatorKey(context.node))
  if (found === undefined) throw new UtnetError('operator_unsupported', `the wasm device has no operator ${operatorKey(context.node)}`)
  return found(context)
}
