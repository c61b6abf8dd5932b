/** Entry of the thread that hashes. */
import { hash } from 'node:crypto'
import { parentPort } from 'node:worker_threads'
import { tensorRoot, useSha256 } from '../../../core/index.ts'
import { canonicaliseNaNs } from '../../nan.ts'
import type { HashReply, HashRequest } from './hasher.ts'

useSha256((bytes) => Uint8Array.from(hash('sha256', bytes, 'buffer')))

parentPort?.on('message', ({ id, memory, tensors }: HashRequest) => {
  let reply: HashReply = { id, roots: undefined, ms: 0 }
  try {
    const began = performance.now()
    const view = new Uint8Array(memory.buffer)
    const roots = tensors.map(({ dtype, shape, at, bytes }) =>
      tensorRoot({ dtype, shape, data: view.subarray(at, at + bytes) }, (data) => canonicaliseNaNs({ dtype, shape, data })),
    )
    reply = { id, roots, ms: performance.now() - began }
  } finally {
    parentPort?.postMessage(reply)
  }
})
