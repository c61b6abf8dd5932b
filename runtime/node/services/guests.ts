/** Deploying and describing guests. */
import {
  aname,
  decodeTx,
  fileCid,
  formatAddress,
  isUtnetError,
  limitError,
  LIMITS,
  parseCid,
  publishGas,
  printWitFunction,
  printWitType,
  UtnetError,
  type CID,
  type DeployedView,
  type DeployRequest,
  type ExportView,
  type GuestDetail,
  type GuestInfo,
  type GuestsPage,
  type GuestView,
  type SourceMapView,
  type World,
} from '../../core/index.ts'
import type { GuestRecord } from '../../consensus/index.ts'
import type { Parts } from '../parts.ts'
import { signedTx } from '../transactions.ts'
import { findGuest } from './known-guests.ts'
import { endOf, submitAndWait } from './submit.ts'

function exportsOf(info: GuestInfo): ExportView[] {
  return info.exports.map((fn) => ({
    name: fn.name,
    type: printWitFunction(fn),
    params: fn.params.map((p) => ({ name: p.name, type: printWitType(p.type) })),
    result: fn.result === undefined ? null : printWitType(fn.result),
    signature: fn,
  }))
}

function viewOf(name: string, info: GuestInfo): GuestView {
  return { name, module: info.module.toString(), world: info.world, exports: exportsOf(info) }
}

/**
 * The publish transaction that came along must publish just these bytes under this name, be signed, have its turn in the next blocks, and pay for the bytes: a stranger has a node
 * do no more than hash them before.
 */
function checkTransaction(chain: Pick<Parts['chain'], 'checkPaid'>, wire: Uint8Array, name: string, component: Uint8Array): World {
  const { payload } = decodeTx(wire).body
  if (payload.kind !== 'publish' || payload.name !== name || payload.size !== component.length)
    throw new UtnetError('tx_invalid', `the transaction does not publish ${component.length} bytes as ${name}`)
  chain.checkPaid(wire)
  const module = fileCid(component)
  if (!payload.module.equals(module)) throw new UtnetError('tx_invalid', `the transaction does not publish ${module} as ${name}`)
  return payload.world as World
}

/**
 * What the component is, ready. Its transaction was not in a block yet, so it waits its turn behind what else nobody has paid for; not on a dev chain, where whoever reaches the
 * node may deploy without one.
 */
async function admitted(
  { chain, coldLoads, host, dev }: Admitting,
  name: string,
  { component, transaction }: DeployRequest,
): Promise<GuestInfo> {
  if (transaction === undefined) {
    if (dev === null)
      throw new UtnetError('auth_required', 'this node takes signed publish transactions only', {
        hint: 'utnet deploy signs one with your key',
      })
    return host.admit(component)
  }
  const world = checkTransaction(chain, transaction, name, component)
  const info = await (dev === null ? coldLoads : host).admit(component)
  if (info.world !== world) throw new UtnetError('tx_invalid', `the transaction does not publish ${info.module} as ${name} (${info.world})`)
  return info
}

type Admitting = Pick<Parts, 'coldLoads' | 'dev'> & {
  readonly chain: Pick<Parts['chain'], 'checkPaid'>
  readonly host: Pick<Parts['host'], 'admit'>
}

/** Validates and stores a component, then publishes its name in a block. Nothing is stored of a component that is refused. */
export async function deploy(parts: Parts, request: DeployRequest): Promise<DeployedView> {
  const { component } = request
  const name = aname(request.name)
  const sourceMap = request.sourceMap === undefined ? undefined : parseCid(request.sourceMap, 'source map')
  if (component.length > LIMITS.guestBytes) throw limitError('guest_invalid', 'guestBytes', component.length, LIMITS.guestBytes, 'guest')
  const info = await admitted(parts, name, request)
  mayPublish(parts, name, request.transaction)
  // The bytes are durable before the chain names them; a crash in between leaves only an unnamed file.
  await parts.store.putFile(component)
  const wire =
    request.transaction ??
    signedTx(
      parts.chain,
      parts.dev as NonNullable<Parts['dev']>,
      { kind: 'publish', name, module: info.module, world: info.world, size: component.length },
      publishGas(info.world, component.length),
    )
  const { outcome, height, hash } = await submitAndWait(parts, wire)
  const { status, receipt, message } = outcome
  if (status !== 'ok' && receipt === null) throw new UtnetError('name_taken', message ?? `${name} could not be published`)
  if (status === 'ok') {
    await parts.sourceMaps.named(name, info.module, sourceMap)
    return receipt === null ? viewOf(name, info) : { ...viewOf(name, info), receipt: receipt.toString() }
  }
  if (sourceMap !== undefined) await parts.sourceMaps.failed(name, info.module, sourceMap)
  const end = await endOf(parts, wire, outcome, height)
  const place = end.line === undefined ? '' : ` at ${end.line}`
  throw new UtnetError('guest_trap', `${name} was not published: its hook ended as ${status}: ${message ?? 'no message'}${place}`, {
    details: { receipt: String(receipt), transaction: hash, ...end },
  })
}

/** Keeps the source map that the deployment of the name's present module named, or one whose hook failed. */
export async function putSourceMap(parts: Parts, name: string, bytes: Uint8Array): Promise<SourceMapView> {
  const { module, map } = await parts.sourceMaps.put(name, findGuest(parts, aname(name, 'guest'))?.module, bytes)
  return { name, module: module.toString(), sourceMap: map.toString() }
}

/** Refuses a name of another owner before anything is stored; the chain checks it again. */
function mayPublish(parts: Parts, name: string, wire: Uint8Array | undefined): void {
  if (wire !== undefined) return
  const known = findGuest(parts, name)
  const owner = parts.dev === null ? undefined : formatAddress(parts.dev.address)
  if (known !== undefined && formatAddress(known.owner) !== owner)
    throw new UtnetError('name_taken', `${name} belongs to ${formatAddress(known.owner)}`)
}

const GUESTS_MAX = 1_024

/** Guests by name as the head has them: every run asks, and reading one from the state's trie takes as long as a small run. */
const atHead = new WeakMap<Parts['chain'], { readonly height: number; readonly guests: Map<string, GuestRecord> }>()

export function guestAtHead(parts: Pick<Parts, 'chain'>, name: string): GuestRecord {
  const { height } = parts.chain.head().header
  let cached = atHead.get(parts.chain)
  if (cached === undefined || cached.height !== height || cached.guests.size >= GUESTS_MAX) {
    cached = { height, guests: new Map() }
    atHead.set(parts.chain, cached)
  }
  const found = cached.guests.get(name)
  if (found !== undefined) return found
  const record = parts.chain.guest(name)
  cached.guests.set(name, record)
  return record
}

/** A published guest of one of some worlds, ready to run; throws `guest_not_found` or `guest_world`. */
export async function guestOf(
  parts: Parts,
  name: string,
  worlds: World | readonly World[],
  how: string,
): Promise<{ readonly record: GuestRecord; readonly info: GuestInfo }> {
  const record = guestAtHead(parts, aname(name, 'guest'))
  const wanted: readonly string[] = typeof worlds === 'string' ? [worlds] : worlds
  if (!wanted.includes(record.world))
    throw new UtnetError('guest_world', `${name} is a ${record.world}, not a ${wanted.join(' or a ')}`, { hint: how })
  return { record, info: await parts.coldLoads.load(record.module) }
}

type Listed = Pick<Parts, 'chain' | 'coldLoads'>

const INFOS_MAX = 4_096

/** What modules are, by id: telling it must not load them all again, which takes seconds and pushes those out that run. */
const infos = new WeakMap<Parts['chain'], Map<string, GuestInfo>>()

async function infoOf(parts: Listed, module: CID): Promise<GuestInfo> {
  let known = infos.get(parts.chain)
  if (known === undefined) infos.set(parts.chain, (known = new Map()))
  const id = module.toString()
  const found = known.get(id)
  if (found !== undefined) return found
  const info = await parts.coldLoads.load(module)
  if (known.size >= INFOS_MAX) known.delete(known.keys().next().value as string)
  known.set(id, info)
  return info
}

/** A page of the published guests. One whose bytes are not here, or are no guest, is listed without exports: anyone may publish a name. Throws `request_invalid`, `name_invalid`. */
export async function guests(parts: Listed, { after, limit = LIMITS.listedGuests }: GuestsPage = {}): Promise<GuestView[]> {
  if (!Number.isSafeInteger(limit) || limit < 1 || limit > LIMITS.listedGuests)
    throw limitError('request_invalid', 'listedGuests', limit, LIMITS.listedGuests, 'guests of a page')
  const views: GuestView[] = []
  for (const { name, module, world } of parts.chain.guests(after === undefined ? undefined : aname(after), limit)) {
    try {
      views.push(viewOf(name, await infoOf(parts, module)))
    } catch (error) {
      if (!isUtnetError(error)) throw error
      views.push({ name, module: module.toString(), world: world as World, exports: [] })
    }
  }
  return views
}

/** One guest with its owner, versions and types. */
export async function guest(parts: Parts, name: string): Promise<GuestDetail> {
  const record = parts.chain.guest(aname(name, 'guest'))
  const info = await infoOf(parts, record.module)
  return {
    ...viewOf(name, info),
    owner: formatAddress(record.owner),
    address: record.address === null ? null : formatAddress(record.address),
    imports: info.imports,
    version: record.version,
    versions: record.versions.map((v) => ({ module: v.module.toString(), height: v.height })),
  }
}
