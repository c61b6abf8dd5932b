/** Whole models on `wasm` against both ONNX Runtimes, and two lanes against one. */
import { loadavg } from 'node:os'
import { fileCid } from '../../runtime/core/index.ts'
import { wasmDevice, type LoadedModel } from '../../runtime/tpu-bridge/index.ts'
import { ratioOf, type Row } from '../row.ts'
import { exactGuest } from './exact.ts'
import { ocr, type BenchModel } from './inputs.ts'
import { nodePeer, webPeer } from './peers.ts'
import { rounds, told, type Variant } from './rounds.ts'

const AREA = 'tensor'
const ROUNDS = { cls: 25, rec: 15, det: 12 } as const
const VS_NODE: readonly string[] = ['rec', 'det']

export async function modelRows(emit: (row: Row) => void): Promise<void> {
  const exact = await exactGuest()
  const one = wasmDevice({ exact })
  const two = wasmDevice({ exact, lanes: 2 })
  const lanes: { readonly one: number[]; readonly two: number[] } = { one: [], two: [] }
  let busy = 0
  for (const name of ['rec', 'det', 'cls'] as const) {
    const model = ocr(name)
    const input = model.real[0] ?? model.random(1)
    const load = (device: typeof one): Promise<LoadedModel> => device.load(model.bytes, fileCid(model.bytes))
    const [alone, both] = await Promise.all([load(one), load(two)])
    const peers = await peersOf(model)
    const run = (peer: (typeof peers)[keyof typeof peers]) => () => peer(input)
    const variants: readonly Variant[] = [
      { name: 'wasm', run: () => alone.run(input) },
      { name: 'web all', run: run(peers.webAll) },
      { name: 'web disabled', run: run(peers.webDisabled) },
      { name: 'node disabled', run: run(peers.nodeDisabled) },
    ]
    const times = await rounds(variants, ROUNDS[name], 3)
    told(name, variants, times)
    const [ours, all, disabled, native] = times as [readonly number[], readonly number[], readonly number[], readonly number[]]
    // the peer at its best, round by round
    const best = all.map((t, i) => Math.min(t, disabled[i] as number))
    const row = `${name} whole, ${input[0]?.shape.join('x')}, one thread each`
    emit(
      ratioOf(AREA, {
        id: `tensor.model.vs-web.${name}`,
        row,
        peer: 'onnxruntime-web 1.30.0, the faster of all and disabled',
        ours,
        theirs: best,
        atMost: 1,
      }),
    )
    if (VS_NODE.includes(name))
      emit(
        ratioOf(AREA, {
          id: `tensor.model.vs-node.${name}`,
          row,
          peer: 'onnxruntime-node 1.30.0, disabled, one thread',
          ours,
          theirs: native,
          atMost: 3,
        }),
      )
    if (name !== 'cls') {
      const began = process.cpuUsage()
      const wall = performance.now()
      const pair: readonly Variant[] = [
        { name: 'one lane', run: () => alone.run(input) },
        { name: 'two lanes', run: () => both.run(input) },
      ]
      const laned = await rounds(pair, ROUNDS[name], 3)
      const used = process.cpuUsage(began)
      busy = Math.max(busy, (used.user + used.system) / 1000 / (performance.now() - wall))
      told(name, pair, laned)
      lanes.one.push(...(laned[0] as readonly number[]))
      lanes.two.push(...(laned[1] as readonly number[]))
    }
    await Promise.all([alone.close(), both.close()])
  }
  process.stderr.write(
    `two lanes: ${busy.toFixed(2)} processors of this process busy, load average ${(loadavg()[0] as number).toFixed(2)}\n`,
  )
  emit(
    ratioOf(AREA, {
      id: 'tensor.model.two-workers',
      row: 'rec and det by two workers',
      peer: 'the same by one worker',
      ours: lanes.two,
      theirs: lanes.one,
      atMost: 0.7,
    }),
  )
  await Promise.all([one.close(), two.close()])
}

async function peersOf({ bytes }: BenchModel) {
  return {
    webAll: await webPeer(bytes, 'all'),
    webDisabled: await webPeer(bytes, 'disabled'),
    nodeDisabled: await nodePeer(bytes, 'disabled'),
  }
}
