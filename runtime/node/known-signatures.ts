/** Remembers which ed25519 signatures are good. A node sees the same one several times: as its own, in the mempool, in a block. */
import { sha256, type Crypto25519 } from '../core/index.ts'
