/** What checkpoints cost: on `wasm`, hashes in a second thread; on `onnx-cpu` by models that were fused before, against plain onnxruntime-node. */
import { fileCid } from '../../runtime/core/index.ts'
import { useNativeHashes } from '../../runtime/crypto/native.ts'
import { onnxCpu, wasmDevice, type Device, type LoadedModel } from '../../runtime/tpu-bridge/index.ts'
import { fuse, readModel, writeModel } from '../../runtime/tpu-bridge/graph/index.ts'
import { ratioOf, type Row } from '../row.ts'
import { exactGuest } from './exact.ts'
import { ocr } from './inputs.ts'
import { nodePeer } from './peers.ts'
import { rounds, told, type Variant } from './rounds.ts'

const AREA = 'tensor'
const ROUNDS = { cls: 25, rec: 15, det: 15 } as const

export async function verifiedRows(emit: (row: Row) => void): Promise<void> {
  useNativeHashes()
  await onWasm(emit)
  await onCpu(emit)
}

const load = (device: Device, bytes: Uint8Array): Promise<LoadedModel> => device.load(bytes, fileCid(bytes))

async function onWasm(emit: (row: Row) => void): Promise<void> {
  const device = wasmDevice({ exact: await exactGuest(), hashThread: true })
  const ours: number[] = []
  const theirs: number[] = []
  for (const name of ['rec', 'det', 'cls'] as const) {
    const model = ocr(name)
    const input = model.real[0] ?? model.random(1)
    const loaded = await load(device, model.bytes)
    let floor = 0
    const variants: readonly Variant[] = [
      {
        name: 'verified',
        run: async () => {
          const run = await loaded.verified(input)
          floor = run.hashMs ?? 0
        },
      },
      { name: 'unverified', run: () => loaded.run(input) },
    ]
    const [checked, plain] = (await rounds(variants, ROUNDS[name], 3)) as [readonly number[], readonly number[]]
    told(`${name} on wasm, hash floor ${floor.toFixed(2)} ms`, variants, [checked, plain])
    if (name === 'cls') continue
    ours.push(...checked)
    theirs.push(...plain)
    await loaded.close()
  }
  const row = 'rec and det on wasm with checkpoints, hashed in a second thread'
  emit(ratioOf(AREA, { id: 'tensor.verified.wasm', row, peer: 'the same device, unverified', ours, theirs, atMost: 1.1 }))
  await device.close()
}

async function onCpu(emit: (row: Row) => void): Promise<void> {
  const device = onnxCpu({ threads: 1 })
  for (const name of ['rec', 'det', 'cls'] as const) {
    const model = ocr(name)
    const input = model.real[0] ?? model.random(1)
    const loaded = await load(device, writeModel(fuse(readModel(model.bytes))))
    const plain = await nodePeer(model.bytes, 'all')
    const variants: readonly Variant[] = [
      { name: 'fused, with checkpoints', run: () => loaded.verified(input) },
      { name: 'plain at its defaults', run: () => plain(input) },
    ]
    const [ours, theirs] = (await rounds(variants, ROUNDS[name], 3)) as [readonly number[], readonly number[]]
    told(`${name} on onnx-cpu`, variants, [ours, theirs])
    const row = `${name} on onnx-cpu, fused before, with checkpoints, one thread`
    const peer = 'onnxruntime-node 1.30.0 at its defaults, the model as it was, one thread'
    emit(ratioOf(AREA, { id: `tensor.verified.cpu-${name}`, row, peer, ours, theirs, ...(name === 'cls' ? {} : { atMost: 1.25 }) }))
    await loaded.close()
  }
}
