/** The chain as its node drives it: transactions on their way in, blocks in time, what is remembered of calls, events to listeners, steps for light clients. */
export { type CallName, type CallRecorder, createCallRecorder } from './call-recorder.ts'
export { createEndedCalls, type EndedCalls } from './ended-calls.ts'
export { createEventHub, type EventHub } from './event-hub.ts'
export { knownSignatures } from './known-signatures.ts'
export { lightSource, stepsToAll, stepsToEnd, stepTexts } from './light-source.ts'
export { createProducer, type Producer } from './producer.ts'
export { createSubmitQueue, type SubmitQueue } from './submit-queue.ts'
