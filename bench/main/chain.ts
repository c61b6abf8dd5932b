/** Rows of contracts: build, deploy, call, query. */
import { join } from 'node:path'
import { buildGuest } from '../../runtime/node/index.ts'
import { rowOf, type Emit } from '../row.ts'
import { AREA, timed, TOKEN, type Bench } from './fixture.ts'
import { runUtnet } from './node-process.ts'

/** Blocks of a dev chain are at least 100 ms apart: a call that comes later waits for none before it. */
const GAP_MS = 150

export async function chainRows({ api, account, token, folder, env }: Bench, emit: Emit): Promise<void> {
  const cold = await timed(3, 0, () => runUtnet(['build', TOKEN, '-o', join(folder, 'token.wasm')], env))
  emit(rowOf(AREA, { id: 'main.build-cold-ms', row: 'the token built by `utnet build`, a process each', unit: 'ms', values: cold }))
  const warm = await timed(7, 0, () => buildGuest({ dir: TOKEN }))
  emit(rowOf(AREA, { id: 'main.build-ms', row: 'the same in a process that has built before (dev --watch)', unit: 'ms', values: warm }))

  const deploys = await timed(9, GAP_MS, (i) => api.deploy({ name: `token-${i}`, component: token }))
  const deployRow = `a component of ${Math.round(token.length / 1024)} KiB deployed over HTTP, to its final block`
  emit(rowOf(AREA, { id: 'main.deploy-ms', row: deployRow, unit: 'ms', values: deploys }))

  await api.call({ name: 'token', export: 'mint', args: [account, '1'] })
  const calls = await timed(25, GAP_MS, () => api.call({ name: 'token', export: 'mint', args: [account, '1'] }))
  emit(rowOf(AREA, { id: 'main.call-ms', row: 'a call over HTTP (mint of the token), to its final block', unit: 'ms', values: calls }))
  const query = (): Promise<unknown> => api.query({ name: 'token', export: 'balance', args: [account] })
  await timed(20, 0, query)
  emit(
    rowOf(AREA, { id: 'main.query-ms', row: 'a query over HTTP (balance of the token)', unit: 'ms', values: await timed(200, 0, query) }),
  )
}
