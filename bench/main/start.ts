/** Rows of starting: a fresh folder, and one that is there. */
import { join } from 'node:path'
import { rowOf, type Emit } from '../row.ts'
import { AREA } from './fixture.ts'
import { startNode } from './node-process.ts'

const RUNS = 7

export async function startRows(folder: string, env: NodeJS.ProcessEnv, emit: Emit): Promise<void> {
  const fresh: number[] = []
  const again: number[] = []
  for (let i = 0; i < RUNS; i++) {
    const data = join(folder, `start-${i}`)
    for (const values of [fresh, again]) {
      const node = await startNode(data, env)
      values.push(node.readySeconds)
      await node.stop()
    }
  }
  const row = '`utnet dev`: start of the process to 200 on /readyz'
  emit(rowOf(AREA, { id: 'main.ready-s', row: `${row}, new data folder`, unit: 's', values: fresh, atMost: 3 }))
  emit(rowOf(AREA, { id: 'main.restart-s', row: `${row}, folder of an earlier run`, unit: 's', values: again }))
}
