/** Builds, signs and sends this user's transactions. */
import { setTimeout } from 'node:timers/promises'
import { deployWithMap } from '../../gateway/client/index.ts'
import {
  asUtnetError,
  encodeTx,
  isUtnetError,
  fileCid,
  LIMITS,
  offeredFee,
  parseAddress,
  publishGas,
  parseCid,
  txSigningBytes,
  UtnetError,
  utf8,
  type DeployedView,
  type GuestView,
  type NodeApi,
  type TransactionView,
  type TxPayload,
} from '../../runtime/core/index.ts'
import { signEd25519 } from '../../runtime/crypto/native.ts'
import { userKey, type UserKey } from '../settings/index.ts'

/** Blocks until a transaction that was not taken becomes void. */
const EXPIRY_BLOCKS = 1000
const FINALITY_WAIT_MS = 30_000
const NONCE_TRIES = 20
const NONCE_PAUSE_MS = 100

/** Who signs: the user, or another whose key is at hand. `address` in text. */
export type Signer = Pick<UserKey, 'secret' | 'key' | 'address'>

/** The signer's account, funded by the dev account when the chain is a dev chain and the account is empty. */
async function account(api: NodeApi, user: Signer): Promise<{ nonce: number }> {
  const view = await api.account(user.address)
  if (view.balance !== '0') return view
  const info = await api.info()
  return info.dev ? await api.fund(user.address) : view
}

/** Wire bytes of a signed transaction of the signer's next nonce. */
async function signNext(
  api: NodeApi,
  payload: TxPayload,
  gasLimit: bigint = BigInt(LIMITS.callGas),
  user: Signer = userKey(),
): Promise<Uint8Array> {
  const { nonce } = await account(api, user)
  const chain = await api.chain()
  const body = {
    chainId: parseCid(chain.chainId, 'chain id'),
    sender: user.key,
    nonce,
    expiry: chain.height + EXPIRY_BLOCKS,
    gasLimit,
    maxFeePerGas: offeredFee(BigInt(chain.baseFee)),
    payload,
  }
  return encodeTx({ body, sig: signEd25519(txSigningBytes(body), user.secret) })
}

/**
 * Signs and sends; when another transaction of this key took the number first (two commands at once), signs again with the next.
 * That cannot do anything twice: what was refused can never be final.
 */
async function sendNext<T>(
  api: NodeApi,
  payload: TxPayload,
  gasLimit: bigint | undefined,
  send: (wire: Uint8Array) => Promise<T>,
  signer?: Signer,
): Promise<T> {
  for (let tries = NONCE_TRIES; ; tries--) {
    try {
      return await send(await signNext(api, payload, gasLimit, signer))
    } catch (thrown) {
      if (tries === 1 || !isUtnetError(thrown, 'tx_nonce')) throw thrown
      await setTimeout(NONCE_PAUSE_MS)
    }
  }
}

/** What is published. */
export interface Publication {
  readonly component: Uint8Array
  readonly world: GuestView['world']
  /** Source map (version 3), for errors that name the line of the author. */
  readonly sourceMap?: string | undefined
}

/** Publishes a component under the user's key. Its source map comes behind it: where the node does not take that, `say` is told, and the guest is deployed. */
export async function publish(
  api: NodeApi,
  name: string,
  { component, world, sourceMap }: Publication,
  say: (text: string) => void,
): Promise<DeployedView> {
  const payload = { kind: 'publish', name, module: fileCid(component), world, size: component.length } as const
  const map = sourceMap === undefined ? undefined : utf8(sourceMap)
  const notTaken = (why: unknown): void => say(`the node took no source map: ${asUtnetError(why).message}`)
  return sendNext(api, payload, publishGas(world, component.length), (transaction) =>
    map === undefined ? api.deploy({ name, component, transaction }) : deployWithMap(api, { name, component, transaction }, map, notTaken),
  )
}

/** Sends with the signer's key, and does not wait. `before` is called with the wire bytes before they leave. */
export function sendTransaction(
  api: NodeApi,
  payload: TxPayload,
  gasLimit: bigint,
  signer: Signer,
  before: (wire: Uint8Array) => void,
): Promise<{ readonly hash: string }> {
  const send = (wire: Uint8Array): Promise<{ readonly hash: string }> => {
    before(wire)
    return api.submit(wire)
  }
  return sendNext(api, payload, gasLimit, send, signer)
}

/** Sends with the user's key, or that of another signer, and waits until a final block holds the transaction. */
export async function callAndWait(api: NodeApi, payload: TxPayload, gasLimit?: bigint, signer?: Signer): Promise<TransactionView> {
  return untilFinal(api, await sendNext(api, payload, gasLimit, (wire) => api.submit(wire), signer))
}

/** Waits until a final block holds a transaction. */
export async function untilFinal(api: NodeApi, { hash }: { readonly hash: string }): Promise<TransactionView> {
  const view = await api.transaction(hash, FINALITY_WAIT_MS)
  if (view.state !== 'final')
    throw new UtnetError('tx_not_found', `transaction ${hash} is not final after ${FINALITY_WAIT_MS / 1000} s`, {
      hint: 'utnet chain status',
    })
  return view
}

/** The state address of a deployed contract; throws `guest_world` for another kind of guest. */
export function contractOf(guest: { readonly name: string; readonly world: string; readonly address: string | null }): Uint8Array {
  if (guest.address === null)
    throw new UtnetError('guest_world', `${guest.name} is a ${guest.world}, not a contract`, { hint: `utnet invoke ${guest.name}` })
  return parseAddress(guest.address)
}
