/** Rows of `read-text` against plain onnxruntime-node, and of its proof. */
import { fork, type ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { decodeGenesis } from '../../runtime/core/index.ts'
import { verifyBundle } from '../../runtime/verify/index.ts'
import { ratioOf, rowOf, type Emit } from '../row.ts'
import { AREA, at, pause, residentMib, timed, type Bench } from './fixture.ts'
import { keptClient } from './http.ts'
import type { PeerAnswer, PeerTask } from './ort-peer.ts'

const IMAGES = at('../../examples/images/')
const TEXT = 'every answer has proof'
const WARM = 15
const RUNS = 40
/** By default the peer's threads spin on for about 50 ms when a run is over: nobody is measured meanwhile. */
const REST_MS = 120

/** The next message of the peer; rejects when it ends before. */
function heard(peer: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const ended = (code: number | null): void => reject(new Error(`the ONNX Runtime peer ended with code ${code}`))
    peer.once('exit', ended)
    peer.once('message', (message) => {
      peer.off('exit', ended)
      resolve(message)
    })
  })
}

async function askPeer(peer: ChildProcess, task: PeerTask): Promise<number> {
  const answer = heard(peer)
  peer.send(task)
  const { ms, text } = (await answer) as PeerAnswer
  if (text !== TEXT) throw new Error(`the ONNX Runtime peer read ${JSON.stringify(text)}`)
  return ms
}

export async function readTextRows({ node, api }: Bench, emit: Emit): Promise<void> {
  const client = keptClient()
  const url = `${node.url}/fn/read-text`
  const png = readFileSync(`${IMAGES}clean.png`)
  const read = async (body: Uint8Array): Promise<{ ms: number; text: string; receipt: string }> => {
    const answer = await client.ask(url, body, { 'content-type': 'image/png' })
    const { text } = JSON.parse(answer.body.toString('utf8')) as { text: string }
    return { ms: answer.ms, text, receipt: String(answer.headers['utnet-receipt']).split(';')[0] as string }
  }
  const clean = async (): Promise<number> => {
    const { ms, text } = await read(png)
    if (text !== TEXT) throw new Error(`read-text read ${JSON.stringify(text)}`)
    return ms
  }
  const peer = fork(at('ort-peer.ts'))
  try {
    await heard(peer)
    const ours: number[] = []
    const reader: number[] = []
    const both: number[] = []
    for (let i = 0; i < WARM; i++) {
      await clean()
      await askPeer(peer, 'both')
    }
    for (let i = 0; i < RUNS; i++) {
      await pause(REST_MS)
      const round = [
        await clean(),
        (await pause(REST_MS), await askPeer(peer, 'read')),
        (await pause(REST_MS), await askPeer(peer, 'both')),
      ]
      ;[ours, reader, both].forEach((values, at) => values.push(round[at] as number))
    }
    const row = 'read-text over HTTP on a line of 320 x 48, warm'
    emit(rowOf(AREA, { id: 'main.readtext.ms', row, unit: 'ms', values: ours }))
    emit(rowOf(AREA, { id: 'main.ort.ms', row: 'the peer: PNG, reader model, characters in onnxruntime-node', unit: 'ms', values: reader }))
    const against = { row, ours, atMost: 1.5 }
    const named = 'onnxruntime-node, default options'
    emit(ratioOf(AREA, { ...against, id: 'main.readtext.vs-ort', peer: `${named}, reader model only`, theirs: reader }))
    const { atMost: _, ...open } = against
    emit(ratioOf(AREA, { ...open, id: 'main.readtext.vs-ort-both', peer: `${named}, direction and reader model`, theirs: both }))
  } finally {
    peer.kill()
  }

  const expected = JSON.parse(readFileSync(`${IMAGES}expected.json`, 'utf8')) as Record<string, string>
  for (const [file, text] of Object.entries(expected)) {
    const found = (await read(readFileSync(`${IMAGES}${file}`))).text
    if (found !== text) throw new Error(`${file} reads ${JSON.stringify(found)}`)
  }
  emit(
    rowOf(AREA, {
      id: 'main.rss-mb',
      row: 'resident memory of the node, 3 models loaded, all images read',
      unit: 'MiB',
      values: [residentMib(node.pid)],
    }),
  )

  const { receipt } = await read(png)
  client.close()
  await api.receipt(receipt, 30_000)
  const bundle = await api.bundle(receipt)
  emit(rowOf(AREA, { id: 'main.bundle-kb', row: 'proof bundle of one run of read-text', unit: 'KiB', values: [bundle.length / 1024] }))
  const trust = [decodeGenesis(await api.genesis())]
  const verified = await timed(9, 0, async () => {
    if (!(await verifyBundle(bundle, { trust })).valid) throw new Error('the bundle is not valid')
  })
  emit(
    rowOf(AREA, {
      id: 'main.verify-ms',
      row: 'this bundle verified offline, in JavaScript alone, not run again',
      unit: 'ms',
      values: verified,
    }),
  )
}
