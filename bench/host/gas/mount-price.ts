/** What a run with a mounted file makes the node do: the file is brought from the store, block for block, before anything runs. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openStore } from '../../../helia-store/index.ts'
import { createHost } from '../../../runtime/host/index.ts'
import { CONTEXT } from '../../../runtime/host/testing/host.ts'
import { IDLE, wat } from '../../../runtime/host/testing/wat.ts'
import { withGrants } from '../../../runtime/host/wasi/index.ts'
import { openLmdb } from '../../../runtime/kv/index.ts'
import { stopwatch } from './clock.ts'
import type { HostPrice } from './host-prices.ts'

const BYTES = 16 << 20

/** Measures with `use`, then takes everything away. */
export async function withMountPrice<T>(use: (prices: readonly HostPrice[]) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'utnet-mounts-'))
  const kv = await openLmdb(join(folder, 'kv'))
  const store = await openStore({ kv, offline: true })
  try {
    const cid = await store.putFile(Uint8Array.from({ length: BYTES }, (_, i) => (i * i) >> 7))
    const host = createHost({ files: store })
    const { module } = await host.admit(withGrants(await wat(IDLE), { mounts: [{ path: '/x', cid }] }))
    const request = { method: 'POST', path: '/f', headers: [], body: new Uint8Array(0) }
    const once = async (): Promise<{ readonly ns: number; readonly gas: number }> => {
      const watch = stopwatch()
      const { status, gas } = await host.invoke({ module, request, context: CONTEXT, gasLimit: 1n << 50n })
      const ns = watch()
      if (status !== 'ok') throw new Error(`the run with a mount ended with ${status}`)
      return { ns, gas: Number(gas) }
    }
    const { gas } = await once()
    return await use([{ id: 'file-byte', name: 'a byte of a file that is mounted', gas, ns: async () => (await once()).ns }])
  } finally {
    await store.close()
    await kv.close()
    await rm(folder, { recursive: true, force: true })
  }
}
