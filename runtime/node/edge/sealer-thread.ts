/** The thread beside an edge thread: makes, signs and keeps the receipts of its runs, and tells the main thread what is on the disk. */
import { receiveMessageOnPort, type MessagePort } from 'node:worker_threads'
import { formatReceipt } from '../../../gateway/wire/index.ts'
import { parseCid } from '../../core/index.ts'
import * as crypto from '../../crypto/native.ts'
import { openDisk } from '../../kv/index.ts'
import { SealingThread, type DurableRecord } from '../../receipts/index.ts'
import { answerNow, noteOf } from './link.ts'
import type { SealerData, SealerHandlers } from './protocol.ts'

/** Batches go to the main thread together: nothing is anchored sooner than 100 ms after it came. */
const TELL_MS = 25

/** Runs the thread over its port until it is asked to close and has written all that it was given. */
export async function runSealerThread(port: MessagePort, { journal, chainId, lanes, identity, end }: SealerData): Promise<void> {
  crypto.useNativeHashes()
  const signer = crypto.openSigner(identity)
  const recovered: DurableRecord[] = []
  let untold: DurableRecord[] = []
  let latest = 0
  let told = 0
  let closing = false
  const tell = (): void => {
    told = performance.now()
    if (untold.length === 0) return
    port.postMessage(noteOf('durable', { records: untold, time: latest }))
    untold = []
  }
  const thread = new SealingThread(
    end,
    {
      disk: openDisk(journal),
      node: signer.key,
      chainId: parseCid(chainId),
      sign: signer.sign,
      lanes,
      field: formatReceipt,
      durable(record, time) {
        untold.push(record)
        latest = time
        if (performance.now() - told >= TELL_MS) tell()
      },
    },
    (record) => void recovered.push(record),
  )
  const handlers: SealerHandlers = {
    tell,
    close: () => (closing = true),
  }
  port.postMessage(noteOf('recovered', recovered.splice(0)))
  await thread.run(() => {
    for (let given = receiveMessageOnPort(port); given !== undefined; given = receiveMessageOnPort(port))
      answerNow(port, { ...handlers }, given.message)
    if (closing) return -1
    const left = untold.length === 0 ? Number.POSITIVE_INFINITY : told + TELL_MS - performance.now()
    if (left > 0) return left
    tell()
    return Number.POSITIVE_INFINITY
  })
  tell()
}
