/** Entry of the thread that hashes. */
import { hash } from 'node:crypto'
import { parentPort } from 'node:worker_threads'
import { tensorRoot, useSha256 } from '../../../core/index.ts'
import { canonicaliseNaNs } from '../../nan.ts'
import { ABANDONED, type HashReply, type HashRequest, type TensorsRequest } from './hasher.ts'

useSha256((bytes) => Uint8Array.from(hash('sha256', bytes, 'buffer')))

function rootsOf({ memory, marks, reached }: HashRequest): Pick<HashReply, 'roots' | 'ms'> {
  let ms = 0
  const roots: Uint8Array[][] = []
  for (const tensors of marks) {
    for (;;) {
      const now = Atomics.load(reached, 0)
      if (now === ABANDONED) return { roots: undefined, ms }
      if (now > roots.length) break
      Atomics.wait(reached, 0, now)
    }
    const began = performance.now()
    const view = new Uint8Array(memory.buffer)
    roots.push(
      tensors.map(({ dtype, shape, at, bytes }) =>
        tensorRoot({ dtype, shape, data: view.subarray(at, at + bytes) }, (data) => canonicaliseNaNs({ dtype, shape, data })),
      ),
    )
    ms += performance.now() - began
  }
  return { roots, ms }
}

function rootsOfTensors({ tensors }: TensorsRequest): Pick<HashReply, 'roots' | 'ms'> {
  const began = performance.now()
  for (const tensor of tensors) canonicaliseNaNs(tensor)
  // not as a callback of map, whose index would be taken for what prepares a chunk
  const roots = tensors.map((tensor) => tensorRoot(tensor))
  return { roots: [roots], ms: performance.now() - began }
}

parentPort?.on('message', (request: HashRequest | TensorsRequest) => {
  const { id } = request
  let reply: HashReply = { id, roots: undefined, ms: 0 }
  try {
    reply = { id, ...('tensors' in request ? rootsOfTensors(request) : rootsOf(request)) }
  } finally {
    parentPort?.postMessage(reply, [])
  }
})
