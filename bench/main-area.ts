/** The main job as a user sees it: start, build, deploy, call, invoke, infer, prove. Every process that is measured runs apart from this one. */
import { chainRows } from './main/chain.ts'
import { inFolder, withNode } from './main/fixture.ts'
import { invokeRows } from './main/invoke.ts'
import { readTextRows } from './main/read-text.ts'
import { startRows } from './main/start.ts'
import type { Emit } from './row.ts'

/** Measures every row of the area, in about two minutes. */
export async function mainArea(emit: Emit): Promise<void> {
  await inFolder(async (folder, env) => {
    await startRows(folder, env, emit)
    await withNode(folder, env, async (bench) => {
      await chainRows(bench, emit)
      await readTextRows(bench, emit)
      await invokeRows(bench, emit)
    })
  })
}
