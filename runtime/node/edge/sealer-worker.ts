/** Entry of a thread that seals. */
import { parentPort, workerData } from 'node:worker_threads'
import type { SealerData } from './protocol.ts'
import { runSealerThread } from './sealer-thread.ts'

const port = parentPort
if (port === null) throw new Error('this file is the entry of a thread')
await runSealerThread(port, workerData as SealerData)
port.close()
