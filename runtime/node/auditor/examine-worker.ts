/** The thread in which evidence is weighed: what it runs, others chose. */
import { parentPort } from 'node:worker_threads'
import { asUtnetError } from '../../core/index.ts'
import { useNativeHashes } from '../../crypto/native.ts'
import { examine, type Examined } from './examine.ts'
import type { ExamineRequest } from './examiner.ts'

useNativeHashes()
parentPort?.on('message', ({ leaf, evidence, ground }: ExamineRequest) => {
  void examine(leaf, evidence, ground)
    .catch((error: unknown): Examined => ({ result: 'unknown', why: asUtnetError(error).message }))
    .then((examined) => parentPort?.postMessage(examined, []))
})
