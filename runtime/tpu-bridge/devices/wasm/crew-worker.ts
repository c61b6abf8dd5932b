/** Entry of a thread of the crew: does its share of the runs that it is told of. */
import { parentPort, workerData } from 'node:worker_threads'
import type { CrewMessage, CrewThreadData } from './crew.ts'
import { abort, Lane, leave } from './lane.ts'

const { compiled, lane, lanes } = workerData as CrewThreadData
const models = new Map<number, Lane>()

parentPort?.on('message', (message: CrewMessage) => {
  if (message.op === 'join') models.set(message.id, new Lane({ compiled }, message.memory))
  else if (message.op === 'leave') models.delete(message.id)
  else {
    const { id, calls, from, to, state } = message
    try {
      ;(models.get(id) as Lane).together(calls, from, to, lane, lanes, state)
    } catch {
      // what it was the leader says: a trap of the same code, or of a thread that came down
      abort(state, lane, lanes)
    } finally {
      leave(state, lane)
    }
  }
})
