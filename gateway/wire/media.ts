/** Media types of the surface, and the fields that come only where asked for. */

export const JSON_TYPE = 'application/json'
export const WASM_TYPE = 'application/wasm'
export const BYTES_TYPE = 'application/octet-stream'
export const CBOR_TYPE = 'application/vnd.ipld.dag-cbor'
export const CAR_TYPE = 'application/vnd.ipld.car'
export const RAW_TYPE = 'application/vnd.ipld.raw'
export const EVENTS_TYPE = 'text/event-stream'
export const METRICS_TYPE = 'application/openmetrics-text; version=1.0.0; charset=utf-8'

/** Field that carries a signed publish transaction beside a component, as a byte sequence. */
export const TRANSACTION_HEADER = 'utnet-transaction'

/** Names the CID of a component's source map where it is deployed. */
export const SOURCE_MAP_HEADER = 'utnet-source-map'

/** Carries the salt of a ticket, which opens a sealed receipt, as a byte sequence (RFC 9651). */
export const SALT_HEADER = 'utnet-salt'

/** Fields that end at the next hop (RFC 9110 section 7.6.1, and their historical companions). */
export const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
])
