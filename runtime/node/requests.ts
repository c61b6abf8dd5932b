/**
 * Answers what contracts ask of models (white paper 5.6): an inference with a receipt of its own for each open request that names a model of this node, its outputs
 * or the refusal in a transaction. A request that nobody answered in time is closed by whoever sees it.
 */
import {
  asMap,
  asText,
  asU64,
  asUint,
  asUtnetError,
  commitmentOfFile,
  decode,
  encodeAnswer,
  isUtnetError,
  LIMITS,
  REQUEST_EVENT,
  toHex,
  type ChainEvent,
  type InferenceAnswer,
  type InferenceRequest,
  type UtnetError,
} from '../core/index.ts'
import type { Parts } from './parts.ts'
import { inference } from './services/index.ts'
import { signedTx } from './transactions.ts'

/** Faults of the node, which others need not have: they leave the request open. */
const OPEN_ENDED = (error: unknown): boolean => asUtnetError(error).fault === 'node' || isUtnetError(error, 'model_not_found')

interface Open {
  readonly contract: Uint8Array
  readonly number: bigint
  readonly deadline: number
  state: 'new' | 'tried' | 'sent'
}

export interface Requests {
  /** Takes note of the events of a final block, and does what is due at its height. */
  block(height: number, events: readonly ChainEvent[]): void
  /** Waits for the inference at work, and begins no other. */
  close(): Promise<void>
}

export interface RequestsOptions {
  /** Told of what ends the node. */
  readonly onFailure: (error: UtnetError) => void
  /** Told of a block that cannot be read: what it asks for is left to other nodes. */
  readonly onDamage: (error: UtnetError) => void
}

/** Answers for one node. Requests of the blocks before this run, as far back as one may be open, are found again. */
export function answerRequests(parts: Parts, { onFailure, onDamage }: RequestsOptions): Requests {
  const open = new Map<string, Open>()
  let closing = false
  let work: Promise<void> = Promise.resolve()

  function note(events: readonly ChainEvent[]): void {
    for (const { contract, name, data } of events) {
      if (name !== REQUEST_EVENT) continue
      const map = asMap(decode(data, 'request event'), ['deadline', 'model', 'request'], 'request event')
      const number = asU64(map['request'], 'request')
      if (asText(map['model'], 'model').length > 0)
        open.set(`${toHex(contract)}/${number}`, { contract, number, deadline: asUint(map['deadline'], 'deadline'), state: 'new' })
    }
  }

  function send(asked: Open, gas: bigint, answer: InferenceAnswer): void {
    const payload = { kind: 'answer', contract: asked.contract, request: asked.number, answer: encodeAnswer(answer) } as const
    // the callback, and before it the transaction and the contract that has to be made ready
    const wanted = gas + BigInt(LIMITS.callGas) + parts.chain.readyGas(asked.contract)
    const most = BigInt(LIMITS.blockGas)
    parts.chain.submit(signedTx(parts.chain, parts.node, payload, wanted < most ? wanted : most))
    parts.producer.transactionWaits()
    asked.state = 'sent'
  }

  async function outputsOf(request: InferenceRequest): Promise<InferenceAnswer> {
    const done = await inference.inferCommitted(parts, { model: request.model, inputs: request.inputs, arithmetic: request.arithmetic })
    const { outputs } = done
    const commitment = commitmentOfFile(done.commitment)
    const answer: InferenceAnswer = { kind: 'outputs', commitment, outputs }
    const bytes = encodeAnswer(answer).length
    if (bytes <= LIMITS.callArgsBytes) return answer
    return { kind: 'refused', message: `an answer of ${bytes} bytes is over the limit callArgsBytes of ${LIMITS.callArgsBytes}` }
  }

  async function answer(asked: Open): Promise<void> {
    const request = parts.chain.request(asked.contract, asked.number)
    if (request === undefined || closing) return
    try {
      inference.model(parts, request.model)
      send(asked, request.gas, await outputsOf(request))
    } catch (error) {
      if (OPEN_ENDED(error)) {
        // the model may come, the device recover
        asked.state = 'new'
        return
      }
      send(asked, request.gas, { kind: 'refused', message: asUtnetError(error).message.slice(0, 1_024).toWellFormed() })
    }
  }

  /** The transaction that says so may meet one of another node: then it only pays. */
  function expire(asked: Open, { gas }: InferenceRequest): void {
    try {
      send(asked, gas, { kind: 'expired' })
    } catch (error) {
      if (!isUtnetError(error)) throw error
    }
  }

  function due(height: number): void {
    for (const [key, asked] of open) {
      const request = parts.chain.request(asked.contract, asked.number)
      if (request === undefined) open.delete(key)
      else if (height >= asked.deadline) expire(asked, request)
      else if (asked.state === 'new') {
        asked.state = 'tried'
        work = work
          .then(() => answer(asked))
          .catch((error: unknown) => {
            // a full mempool, say: the next block tries again
            if (isUtnetError(error)) asked.state = 'new'
            else onFailure(asUtnetError(error))
          })
      }
    }
  }

  const { height: head } = parts.chain.head().header
  for (let height = Math.max(1, head - LIMITS.requestBlocks); height <= head; height++)
    try {
      note(parts.chain.blockAt(height).outcomes.flatMap((o) => o.events))
    } catch (error) {
      if (!isUtnetError(error, 'data_corrupt')) throw error
      onDamage(error)
    }

  return {
    block(height, events) {
      note(events)
      due(height)
    },
    async close() {
      closing = true
      await work
    },
  }
}
