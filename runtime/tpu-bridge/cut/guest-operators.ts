/** Operators of domain `ai.utnet`: no runtime has them; a guest of world `operator`, deployed under the operator's name, runs them. */
import type { CID, NamedTensor, Tensor } from '../../core/index.ts'
import { isUtnetError, UtnetError } from '../../core/index.ts'
import type { Model, Node } from '../graph/index.ts'
import { requireOperators } from '../graph/index.ts'

export const GUEST_DOMAIN = 'ai.utnet'

/** One guest that is run as an operator. */
export interface GuestOperator {
  readonly module: CID
  /** Its outputs, in order, NaNs canonical. Throws `tensor_input` where it refuses, `guest_trap`, `host_out_of_gas`. */
  run(inputs: readonly NamedTensor[]): Promise<readonly Tensor[]>
}

/** The port to who runs guests. */
export interface GuestOperators {
  /** The guest that has this name now. Throws `guest_not_found`, and `guest_world` for one that is no operator. */
  find(name: string): Promise<GuestOperator>
}

export const isGuestNode = (node: Node): boolean => node.domain === GUEST_DOMAIN

/** The guest's name: the operator's in kebab case. `Poly` is `poly`, `Int8Linear` is `int8-linear`, `RMSNorm` is `rms-norm`. */
export function guestName(op: string): string {
  return op
    .replace(/([a-z0-9])([A-Z])/g, '$1-$2')
    .replace(/([A-Z])([A-Z][a-z])/g, '$1-$2')
    .toLowerCase()
}

/**
 * Throws `operator_unsupported`, naming every such node, unless a guest can take each node of the domain: it is deployed, and all that the node has are inputs, since
 * a guest gets nothing else.
 */
export async function requireGuests(model: Model, guests: GuestOperators): Promise<void> {
  const names = new Set(model.graph.nodes.filter(isGuestNode).map((node) => guestName(node.op)))
  const there = new Set<string>()
  for (const name of names) {
    try {
      await guests.find(name)
      there.add(name)
    } catch (error) {
      if (!isUtnetError(error, 'guest_not_found') && !isUtnetError(error, 'guest_world') && !isUtnetError(error, 'name_invalid'))
        throw error
    }
  }
  const nodes = model.graph.nodes.filter(isGuestNode)
  const odd = nodes.find((node) => node.attributes.size > 0 || operandsOf(node).includes(''))
  if (odd !== undefined)
    throw new UtnetError(
      'operator_unsupported',
      `operator ${GUEST_DOMAIN}.${odd.op.slice(0, 80)} has attributes or leaves out an input; a guest gets inputs only`,
      {
        hint: 'hand parameters in as inputs',
        details: { operators: [{ operator: `${GUEST_DOMAIN}.${odd.op}`, count: 1, nodes: [odd.name] }] },
      },
    )
  requireOperators(model, (node) => !isGuestNode(node) || there.has(guestName(node.op)), 'no deployed operator: this node')
}

/** Names of a guest node's inputs, without those left out at the end. */
export function operandsOf(node: Node): readonly string[] {
  return node.inputs.slice(0, node.inputs.findLastIndex((name) => name !== '') + 1)
}
