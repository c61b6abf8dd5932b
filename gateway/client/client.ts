/** A NodeApi over fetch: what a node offers, from anywhere. Runs on Node 20 and in browsers. */
import { isUtnetError, UtnetError, type NodeApi } from '../../runtime/core/index.ts'
import {
  base64,
  BYTES_TYPE,
  CAR_TYPE,
  CBOR_TYPE,
  JSON_TYPE,
  RAW_TYPE,
  SALT_HEADER,
  SOURCE_MAP_HEADER,
  TRANSACTION_HEADER,
  WASM_TYPE,
} from '../wire/index.ts'
import { nodeEvents } from './events.ts'
import { infer, invoke } from './functions.ts'
import { readAnswer, transport, type Fetch } from './transport.ts'

/** How requests leave. */
export interface ClientOptions {
  /** Used in the place of the global one. */
  readonly fetch?: Fetch
}

const part = encodeURIComponent
type QueryValue = string | number | boolean | readonly string[] | undefined
const query = (of: Readonly<Record<string, QueryValue>>): string => {
  const pairs = Object.entries(of).flatMap(([key, value]) => {
    if (value === undefined || value === false) return []
    return typeof value === 'object' ? value.map((one) => `${key}=${part(one)}`) : [`${key}=${part(value)}`]
  })
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`
}

/** Longest wait that a node takes in one request; a longer one is cut to it, so ask again. */
const WAIT_MS_MAX = 60_000
const waitFor = (ms: number | undefined): number | undefined =>
  ms === undefined ? undefined : Math.min(Math.max(Math.floor(ms), 0), WAIT_MS_MAX)

const ACCEPT = { raw: RAW_TYPE, car: CAR_TYPE, file: '*/*' } as const

/**
 * The node at `url`. Every method throws the error of the node with its code and fields, or `node_unreachable`.
 * Whoever wants to check what comes back uses `utnet/verify` on the bundle.
 */
export function createClient(url: string, options: ClientOptions = {}): NodeApi {
  const to = transport(url, options.fetch ?? ((at, init) => fetch(at, init)))
  const guest = (name: string): string => `/v1/guests/${part(name)}`
  return {
    info: () => to.json('/v1/node'),
    ready: async () => {
      try {
        await to.ask('/readyz')
        return true
      } catch (error) {
        if (isUtnetError(error, 'node_not_ready') || isUtnetError(error, 'node_stopping')) return false
        throw error
      }
    },
    deploy: ({ name, component, transaction, sourceMap }) =>
      to.json(`/v1/guests${query({ name })}`, {
        method: 'POST',
        body: component,
        type: WASM_TYPE,
        headers: {
          ...(transaction === undefined ? {} : { [TRANSACTION_HEADER]: `:${base64(transaction)}:` }),
          ...(sourceMap === undefined ? {} : { [SOURCE_MAP_HEADER]: sourceMap }),
        },
      }),
    putSourceMap: (name, body) => to.json(`${guest(name)}/source-map`, { method: 'PUT', body, type: JSON_TYPE }),
    sourceMap: (module) => to.bytes(`/v1/source-maps/${part(module)}`, { accept: JSON_TYPE }),
    guests: (page) => to.json(`/v1/guests${query({ ...page })}`),
    guest: (name) => to.json(guest(name)),
    call: ({ name, ...body }) => to.json(`${guest(name)}/calls`, { method: 'POST', json: body }),
    query: ({ name, ...body }) => to.json(`${guest(name)}/queries`, { method: 'POST', json: body }),
    account: (address, proof) => to.json(`/v1/accounts/${part(address)}${query({ proof })}`),
    fund: (address) => to.json(`/v1/accounts/${part(address)}/fund`, { method: 'POST' }),
    submit: (transaction) => to.json('/v1/transactions', { method: 'POST', body: transaction, type: CBOR_TYPE }),
    transaction: (hash, waitMs) => to.json(`/v1/transactions/${part(hash)}${query({ wait: waitFor(waitMs) })}`),
    invoke: (name, request) => invoke(to, name, request),
    addFile: (body) => to.json('/v1/files', { method: 'POST', body, type: BYTES_TYPE }),
    putModel: (name, body) => to.json(`/v1/models/${part(name)}`, { method: 'PUT', body, type: BYTES_TYPE }),
    models: () => to.json('/v1/models'),
    model: (name) => to.json(`/v1/models/${part(name)}`),
    infer: (request) => infer(to, request),
    receipt: (id, waitMs) => to.json(`/v1/receipts/${part(id)}${query({ wait: waitFor(waitMs) })}`),
    receiptBytes: (id) => to.bytes(`/v1/receipts/${part(id)}`, { accept: CBOR_TYPE }),
    bundle: (id, { withModels, salt, from } = {}) =>
      to.bytes(`/v1/receipts/${part(id)}/bundle${query({ models: withModels, from })}`, {
        accept: CAR_TYPE,
        ...(salt === undefined ? {} : { headers: { [SALT_HEADER]: `:${base64(salt)}:` } }),
      }),
    chain: () => to.json('/v1/chain'),
    block: (height) => to.json(`/v1/chain/blocks/${part(height)}`),
    epoch: (epoch, { from, set } = {}) => to.json(`/v1/chain/epochs/${part(epoch)}${query({ from, set })}`),
    power: (epoch) => to.json(`/v1/chain/power${query({ epoch })}`),
    genesis: () => to.bytes('/v1/chain/genesis', { accept: CBOR_TYPE }),
    verdict: (request) => to.json('/v1/verdicts', { method: 'POST', body: request, type: CBOR_TYPE }),
    attest: (request) => to.json('/v1/attester/challenges', { method: 'POST', body: request, type: CBOR_TYPE }),
    certify: (id, secret) =>
      to.bytes(`/v1/attester/challenges/${part(id)}`, { method: 'POST', body: secret, type: BYTES_TYPE, accept: CBOR_TYPE }),
    chainEvents: (request) => to.json(`/v1/chain/events${query({ ...request })}`),
    events: (signal, request = {}) => nodeEvents(to, signal, `/v1/events${query({ ...request })}`),
    ipfs: async (cid, path, format, scope) => {
      const rest = path === '' ? '' : `/${path.split('/').map(part).join('/')}`
      const { dag, bytes } = (format === 'car' ? scope : undefined) ?? {}
      const entity = bytes === undefined ? undefined : `${bytes[0]}:${bytes[1] ?? '*'}`
      const asked = query({ format: format === 'file' ? undefined : format, 'dag-scope': dag, 'entity-bytes': entity })
      const response = await to.ask(`/ipfs/${part(cid)}${rest}${asked}`, { accept: ACCEPT[format] })
      const tag = /^(?:W\/)?"([a-zA-Z0-9]+)(?:\.raw|\.car[^"]*)?"$/.exec(response.headers.get('etag') ?? '')
      if (tag === null) throw new UtnetError('node_unreachable', 'the answer names no content: is this a node?')
      return { cid: tag[1] as string, contentType: response.headers.get('content-type') ?? BYTES_TYPE, body: await readAnswer(response) }
    },
    metrics: async () => new TextDecoder().decode(await to.bytes('/metrics', { accept: '*/*' })),
  }
}
