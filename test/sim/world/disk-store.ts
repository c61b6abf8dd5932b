/** A node's store on a simulated disk: rows and blocks as bytes, written and synced, and read again after each loss of power. */
import { asArray, asBytes, concatBytes, decode, encode, utf8 } from '../../../runtime/core/index.ts'
import {
  decodeSignedRow,
  encodeSignedRow,
  quorumCbor,
  readQuorum,
  SIGNED_KEY,
  type FinalNotice,
  type SignedRow,
} from '../../../runtime/consensus/messages/index.ts'
import { SimulatedDisk, seededRandom, simulatedKv } from '../../../runtime/kv/index.ts'
import type { SmallStore } from './small-chain.ts'

const FINAL = utf8('b')
const FINAL_END = utf8('c')

const finalKey = (height: number): Uint8Array => {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, height)
  return concatBytes(FINAL, bytes)
}

function readFinal(bytes: Uint8Array): FinalNotice {
  const [certificate, payload] = asArray(decode(bytes), 'final', 2)
  return { kind: 'final', certificate: readQuorum(certificate), payload: asBytes(payload, 'payload') }
}

export interface DiskStore extends SmallStore {
  row: SignedRow | undefined
  saveRow(row: SignedRow): Promise<void>
  reopen(): Promise<void>
}

/** The disk loses power at operations drawn from the seed, about one in 150. */
export async function openDiskStore(seed: number): Promise<DiskStore> {
  const random = seededRandom(seed)
  const next = () => ({ seed: Math.floor(random() * 1e9), crashAt: 20 + Math.floor(random() * 300) })
  const disk = new SimulatedDisk(next())
  let kv = await simulatedKv(disk)
  const store: DiskStore = {
    finals: [],
    row: undefined,
    append: async (final) => {
      await kv.commit([[finalKey(store.finals.length + 1), encode([quorumCbor(final.certificate), final.payload])]])
      store.finals.push(final)
    },
    saveRow: async (row) => {
      await kv.commit([[SIGNED_KEY, encodeSignedRow(row)]])
      store.row = row
    },
    reopen: async () => {
      disk.crash(next())
      kv = await simulatedKv(disk)
      store.finals = [...kv.range(FINAL, FINAL_END)].map(([, value]) => readFinal(value))
      const row = kv.get(SIGNED_KEY)
      store.row = row === undefined ? undefined : decodeSignedRow(row)
    },
  }
  return store
}
