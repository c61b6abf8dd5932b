/**
 * Tells the chain of a node's new chips: in one epoch, so that all of them count from the same one on, with the bond that they count by. A change in epoch e counts from
 * e + 2 on (docs/spec/power.md): chips on one side of an epoch's end and their bond on the other would be an epoch of chips without power.
 */
import { setTimeout } from 'node:timers/promises'
import {
  epochOf,
  formatAddress,
  formatKey,
  lastHeightOf,
  toHex,
  UtnetError,
  type NodeApi,
  type TransactionView,
  type TxPayload,
} from '../runtime/core/index.ts'
import type { EnrolledChip, Enrolment } from '../runtime/node/index.ts'
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

/** Throws `chip_enrolment` when the chain refuses. */
async function taken(api: NodeApi, hash: string): Promise<TransactionView> {
  const view = await untilFinal(api, { hash })
  if (view.status !== 'ok')
    throw new UtnetError('chip_enrolment', `the chain refuses: ${view.message ?? String(view.status)}`, { hint: 'utnet chain status' })
  return view
}

async function register(
  { api, owner, epochBlocks }: EnrolmentTold,
  chips: readonly EnrolledChip[],
  node: Uint8Array,
): Promise<readonly ChipView[]> {
  const send = (payload: TxPayload): Promise<{ readonly hash: string }> => sendTransaction(api, payload, GAS, owner)
  const sent: (readonly [EnrolledChip, string])[] = []
  for (const chip of chips) {
    const { registration, consent } = chip
    const first = await send({ kind: 'chip', action: { op: 'register', ...registration } })
    const seated = await send({ kind: 'chip', action: { op: 'assign', serial: registration.certificate.serial, node, consent } })
    sent.push([chip, first.hash], [chip, seated.hash])
  }
  const views: ChipView[] = []
  for (const [i, [{ registration }, hash]] of sent.entries()) {
    const { height } = await taken(api, hash)
    if (i % 2 === 0) continue
    const { serial, level, identity } = registration.certificate
    views.push({
      serial: toHex(serial),
      level,
      identity: `${identity.alg}:${toHex(identity.bytes)}`,
      owner: owner.address,
      node: formatKey(node),
      height: height ?? 0,
      counts: epochOf(height ?? 0, epochBlocks) + 2,
    })
  }
  return views
}

/** Bonds, registers and seats; gives what came of each chip. Throws `chip_enrolment` when the chain refuses. */
export async function tellChain(told: EnrolmentTold, { chips, node }: Enrolment): Promise<readonly ChipView[]> {
  const { api, bond, owner } = told
  // an empty account is funded before it is counted how many blocks are left
  if ((await api.account(owner.address)).balance === '0' && (await api.info()).dev) await api.fund(owner.address)
  await untilRoom(told, blocksFor(chips.length))
  const payload = { kind: 'node', action: { op: 'bond', amount: bond } } as const
  const bonded = bond === 0n ? undefined : await sendTransaction(api, payload, GAS, { ...node, address: formatAddress(node.address) })
  const views: ChipView[] = []
  for (let at = 0; at < chips.length; at += AT_ONCE) views.push(...(await register(told, chips.slice(at, at + AT_ONCE), node.key)))
  if (bonded !== undefined) await taken(api, bonded.hash)
  return views
}
