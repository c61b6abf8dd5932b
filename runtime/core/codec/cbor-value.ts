import type { CID } from 'multiformats/cid'

/** What dag-cbor can hold, as used here: no floats, no undefined; integers over 2^53-1 are bigint. */
export type Cbor = null | boolean | number | bigint | string | Uint8Array | CID | readonly Cbor[] | { readonly [key: string]: Cbor }
