import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { exactComponent } from '../../tpu-bridge/operators/testing/exact-guest.ts'
import { openNode, type OpenNode } from '../index.ts'
import { examine } from '../auditor/examine.ts'
import { checkTranscript, type NodeDispute } from './index.ts'

const MODEL = new URL('../../../examples/zoo/models/espcn.onnx', import.meta.url)

const folders: string[] = []
const nodes: OpenNode[] = []
afterEach(async () => {
  for (const node of nodes.splice(0)) await node.close()
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

async function cheatingNode(
  cheat: number,
): Promise<{ readonly node: OpenNode; readonly disputes: (readonly [NodeDispute, string])[]; readonly component: Uint8Array }> {
  const data = mkdtempSync(join(tmpdir(), 'utnet-piee-'))
  folders.push(data)
  const component = await exactComponent()
  const disputes: (readonly [NodeDispute, string])[] = []
  const node = await openNode({
    data,
    devices: ['wasm'],
    exactComponent: component,
    cheat,
    onDispute: (found, path) => disputes.push([found, path]),
  })
  nodes.push(node)
  await node.api.putModel('small', new Uint8Array(readFileSync(MODEL)))
  return { node, disputes, component }
}

describe('a dev node that cheats', () => {
  test('lies one time in three: each lie is disputed, narrowed to one operator, and its transcript verifies; honest answers are left alone', async () => {
    const { node, disputes, component } = await cheatingNode(3)
    const seen: NodeDispute[] = []
    const listening = new AbortController()
    const events = (async () => {
      for await (const event of node.api.events(listening.signal)) if (event.type === 'dispute') seen.push(event)
    })()
    const [spec] = (await node.api.model('small')).inputs
    const shape = (spec?.shape ?? []).map((side, axis) => (side >= 0 ? side : axis === 0 ? 1 : 12))
    const input = {
      name: spec?.name ?? '',
      dtype: 'f32' as const,
      shape,
      data: new Uint8Array(Float32Array.from({ length: shape.reduce((n, s) => n * s, 1) }, (_, i) => Math.sin(i)).buffer),
    }
    const receipts: string[] = []
    for (let i = 0; i < 6; i++) receipts.push((await node.api.infer({ model: 'small', inputs: [input], arithmetic: 'exact' })).receipt.id)
    for (let waited = 0; disputes.length < 2 && waited < 300; waited++) await new Promise((resolve) => setTimeout(resolve, 100))
    expect(disputes.map(([{ receipt }]) => receipt)).toEqual([receipts[2], receipts[5]])
    for (const [found, path] of disputes) {
      expect(found).toMatchObject({ losers: ['prover'], reason: 'wrong_output' })
      expect(found.operator).not.toBeNull()
      const file = new Uint8Array(readFileSync(path))
      expect(await checkTranscript(file, { operators: component })).toMatchObject({ valid: true, outcome: { losers: ['prover'] } })
      file[file.length >> 1] = (file[file.length >> 1] as number) ^ 1
      expect(await checkTranscript(file, { operators: component })).toMatchObject({ valid: false })
    }
    // a validator is convinced by it, for this receipt and no other
    const [found, path] = disputes[0] as (typeof disputes)[number]
    const file = { kind: 'transcript', bytes: new Uint8Array(readFileSync(path)) } as const
    const ground = { genesis: node.genesis, component }
    expect(await examine(await node.api.receiptBytes(found.receipt), file, ground)).toMatchObject({ result: 'wrong' })
    expect(await examine(await node.api.receiptBytes(receipts[0] as string), file, ground)).toMatchObject({ result: 'unknown' })
    listening.abort()
    await events
    expect(seen.length).toBe(2)
  })

  test('never, and more often than always, are refused', async () => {
    await expect(cheatingNode(0)).rejects.toMatchObject({ code: 'core_bad_argument' })
    await expect(cheatingNode(0.5)).rejects.toMatchObject({ code: 'core_bad_argument' })
  })
})
