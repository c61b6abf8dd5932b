/** Entry of a thread that checks signatures. */
import { parentPort } from 'node:worker_threads'
import { verifyEd25519Many } from '../ed25519-native.ts'
import { unpackChecks, type VerifyReply, type VerifyRequest } from './wire.ts'

parentPort?.on('message', ({ id, checks, count }: VerifyRequest) => {
  const valid = Uint8Array.from(verifyEd25519Many(unpackChecks(checks, count)), Number)
  const reply: VerifyReply = { id, valid }
  parentPort?.postMessage(reply, [valid.buffer])
})
