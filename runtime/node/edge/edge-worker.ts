/** Entry of an edge thread. */
import { parentPort, workerData } from 'node:worker_threads'
import { runEdgeThread } from './edge-thread.ts'
import type { EdgeData } from './protocol.ts'

const port = parentPort
if (port === null) throw new Error('this file is the entry of a thread')
await runEdgeThread(port, workerData as EdgeData, () => port.close())
