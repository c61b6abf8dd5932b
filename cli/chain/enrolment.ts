/**
 * Tells the chain of a node's new chips: in one epoch, so that all of them count from the same one on, with the bond that they count by. A change in epoch e counts from
 * e + 2 on (docs/spec/power.md): chips on one side of an epoch's end and their bond on the other would be an epoch of chips without power.
 */
import { setTimeout } from 'node:timers/promises'
import {
  decodeTx,
  epochOf,
  formatAddress,
  formatKey,
  isUtnetError,
  lastHeightOf,
  toHex,
  txId,
  UtnetError,
  type ChipAction,
  type NodeApi,
  type TransactionView,
  type TxPayload,
} from '../../runtime/core/index.ts'
import type { EnrolledChip, Enrolment, EnrolmentNotes } from '../../runtime/node/index.ts'
import { sendTransaction, untilFinal, type Signer } from './transactions.ts'

/** Chips told of at once: two transactions each, below what one sender may have waiting. */
const AT_ONCE = 24
/** Blocks that so many take at most, those on their way to the node counted. */
const BLOCKS_EACH = 3
const GAS = 20_000_000n
const POLL_MS = 200

export interface ChipView {
  readonly serial: string
  readonly level: number
  readonly identity: string
  readonly owner: string
  readonly node: string
  readonly height: number
  /** First epoch in which it counts. */
  readonly counts: number
}

export interface EnrolmentTold {
  readonly api: NodeApi
  readonly epochBlocks: number
  /** Who is to own the chips. */
  readonly owner: Signer
  /** What the node bonds for them; 0 where they need none. */
  readonly bond: bigint
  readonly say: (text: string) => void
}

/** Blocks that telling of so many chips and their bond takes at most. */
export function blocksFor(chips: number): number {
  return 1 + BLOCKS_EACH * Math.ceil(chips / AT_ONCE)
}

/** Waits for the next epoch where the present one has fewer blocks left than that takes, and an epoch has that many at all. */
async function untilRoom({ api, epochBlocks, say }: EnrolmentTold, blocks: number): Promise<void> {
  let told = false
  for (;;) {
    const { height } = await api.chain()
    const epoch = epochOf(height + 1, epochBlocks)
    if (blocks > epochBlocks || lastHeightOf(epoch, epochBlocks) - height >= blocks) return
    if (!told)
      say(`epoch ${epoch} ends at block ${lastHeightOf(epoch, epochBlocks)}: waiting for the next, so that all of it counts together`)
    told = true
    await setTimeout(POLL_MS)
  }
}

/** A transaction of the enrolment: its name in the notes, who signs it, and what it says. */
interface Step {
  readonly name: string
  readonly signer: Signer
  readonly payload: TxPayload
}

/** What became of a step. */
interface Taken {
  readonly height: number
  /** What the chain says against it; undefined where it took it. */
  readonly refused: string | undefined
}

const hashOf = (wire: Uint8Array): string => txId(decodeTx(wire).body).toString()

/** The step as the chain has taken it in a block; undefined where it has not. */
async function alreadyTaken(api: NodeApi, notes: EnrolmentNotes, { name }: Step): Promise<TransactionView | undefined> {
  const wire = notes.told(name)
  if (wire === undefined) return undefined
  try {
    const view = await api.transaction(hashOf(wire))
    return view.state === 'final' && view.status === 'ok' ? view : undefined
  } catch (error) {
    if (isUtnetError(error, 'tx_not_found') || isUtnetError(error, 'tx_dropped') || isUtnetError(error, 'tx_expired')) return undefined
    throw error
  }
}

/** The transaction that a step was told by before, where it waits or may still wait; undefined where it can be in no block any more, or was refused there. */
async function toldBefore(api: NodeApi, notes: EnrolmentNotes, { name }: Step): Promise<string | undefined> {
  const wire = notes.told(name)
  if (wire === undefined) return undefined
  try {
    const { hash } = await api.submit(wire)
    return hash
  } catch (error) {
    if (isUtnetError(error, 'tx_nonce') || isUtnetError(error, 'tx_expired')) return undefined
    throw error
  }
}

/** Sends a step, unless the chain has it: once, whatever was cut off before. Gives its transaction. */
async function tell({ api }: EnrolmentTold, notes: EnrolmentNotes, step: Step): Promise<string> {
  const taken = await alreadyTaken(api, notes, step)
  if (taken !== undefined) return taken.hash
  const before = await toldBefore(api, notes, step)
  if (before !== undefined) return before
  return (await sendTransaction(api, step.payload, GAS, step.signer, (wire) => notes.tell(step.name, wire))).hash
}

async function takenAs(api: NodeApi, hash: string): Promise<Taken> {
  const { status, message, height } = await untilFinal(api, { hash })
  return { height: height ?? 0, refused: status === 'ok' ? undefined : (message ?? String(status)) }
}

function stepsOf({ owner }: EnrolmentTold, node: Uint8Array, { registration, consent }: EnrolledChip): readonly [Step, Step] {
  const { serial } = registration.certificate
  const step = (name: string, action: ChipAction): Step => ({
    name: `${name}/${toHex(serial)}`,
    signer: owner,
    payload: { kind: 'chip', action },
  })
  return [step('register', { op: 'register', ...registration }), step('assign', { op: 'assign', serial, node, consent })]
}

interface Told {
  readonly views: ChipView[]
  readonly refusals: string[]
}

async function register(
  told: EnrolmentTold,
  { notes, node }: Enrolment,
  chips: readonly EnrolledChip[],
  { views, refusals }: Told,
): Promise<void> {
  const { api, owner, epochBlocks } = told
  const sent: (readonly [EnrolledChip, string, string])[] = []
  for (const chip of chips) {
    const [first, second] = stepsOf(told, node.key, chip)
    sent.push([chip, await tell(told, notes, first), await tell(told, notes, second)])
  }
  for (const [{ registration }, first, second] of sent) {
    const { serial, level, identity } = registration.certificate
    const registered = await takenAs(api, first)
    const seated = await takenAs(api, second)
    if (registered.refused !== undefined) {
      // for good: whatever it was, the chain will say it again
      notes.drop(serial)
      refusals.push(`chip ${toHex(serial)}: ${registered.refused}`)
    } else if (seated.refused !== undefined) refusals.push(`chip ${toHex(serial)}: ${seated.refused}`)
    else
      views.push({
        serial: toHex(serial),
        level,
        identity: `${identity.alg}:${toHex(identity.bytes)}`,
        owner: owner.address,
        node: formatKey(node.key),
        height: seated.height,
        counts: epochOf(seated.height, epochBlocks) + 2,
      })
  }
}

/** How many steps the chain has still to take. */
async function leftOf(told: EnrolmentTold, { chips, node, notes }: Enrolment): Promise<number> {
  let left = 0
  for (const chip of chips)
    for (const step of stepsOf(told, node.key, chip)) if ((await alreadyTaken(told.api, notes, step)) === undefined) left++
  return left
}

/**
 * Bonds, registers and seats, each once, and goes on where an enrolment that was cut off stopped. Gives what came of each chip. Throws `chip_enrolment` when the chain
 * refuses: what it may take another time stays in the notes.
 */
export async function tellChain(told: EnrolmentTold, enrolment: Enrolment): Promise<readonly ChipView[]> {
  const { api, bond, owner } = told
  const { chips, node, notes } = enrolment
  // an empty account is funded before it is counted how many blocks are left
  if ((await api.account(owner.address)).balance === '0' && (await api.info()).dev) await api.fund(owner.address)
  const left = await leftOf(told, enrolment)
  if (left > 0) await untilRoom(told, blocksFor(Math.ceil(left / 2)))
  const payload = { kind: 'node', action: { op: 'bond', amount: bond } } as const
  const signer = { ...node, address: formatAddress(node.address) }
  const bonded = bond === 0n ? undefined : await tell(told, notes, { name: 'bond', signer, payload })
  const came: Told = { views: [], refusals: [] }
  for (let at = 0; at < chips.length; at += AT_ONCE) await register(told, enrolment, chips.slice(at, at + AT_ONCE), came)
  const { refused } = bonded === undefined ? { refused: undefined } : await takenAs(api, bonded)
  if (refused !== undefined) came.refusals.push(`the bond: ${refused}`)
  const open = came.views.length < notes.serials().length || refused !== undefined
  if (!open) notes.finish()
  if (came.refusals.length > 0)
    throw new UtnetError('chip_enrolment', `the chain refuses: ${came.refusals.join('; ')}`, {
      hint: open ? 'see to that, and run it again: it goes on where it stopped' : 'utnet chain status',
    })
  return came.views
}
