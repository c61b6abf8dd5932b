/** A dev node that lies and finds itself out: what a developer sees of a dispute, in events, in the log and as a file. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import {
  asUtnetError,
  fromHex,
  LIMITS,
  parseCid,
  UtnetError,
  type CID,
  type Genesis,
  type NodeApi,
  type NodeEvent,
} from '../../core/index.ts'
import { openSigner } from '../../crypto/native.ts'
import { writeDurably } from '../../kv/files/index.ts'
import type { Bridge, LazyExact } from '../../tpu-bridge/index.ts'
import type { Parts } from '../parts.ts'
import { audit } from './audit.ts'
import { cheating, type Cheat } from './cheat.ts'
import { exactModels, type ExactModels } from './exact-models.ts'

export type NodeDispute = Extract<NodeEvent, { type: 'dispute' }>

export interface SelfCheat extends Cheat {
  readonly models: ExactModels
}

interface Files {
  getFile(cid: CID, maxBytes?: number): Promise<Uint8Array>
}

/** Throws `usage` under a genesis that is not dev, `device_missing` without kernels. */
export function cheatOn(
  genesis: Genesis,
  every: number,
  bridge: Bridge,
  exact: LazyExact | undefined,
  files: Files,
  random: (length: number) => Uint8Array,
): SelfCheat {
  if (!genesis.dev) throw new UtnetError('usage', 'only a dev chain has nodes that cheat')
  const models = exactModels(exact, (model) => files.getFile(model, LIMITS.modelBytes))
  return { models, ...cheating(bridge, models, every, random) }
}

/** The api, each inference of which is audited once it is answered. */
export function selfAudited(
  api: NodeApi,
  parts: Parts,
  { models, lieOf }: SelfCheat,
  folder: string,
  onDispute: (found: NodeDispute, transcript: string) => void,
): NodeApi {
  const check = async (id: string): Promise<void> => {
    const { body } = await api.receipt(id)
    const [use] = (body['models'] ?? []) as readonly { readonly root: string }[]
    const root = fromHex(use?.root ?? '', 'root of the commitment')
    const lie = lieOf(root)
    if (lie === undefined) return
    const signer = openSigner(parts.node.secret)
    // a chain of one: its only node is prover, challenger and referee
    const parties = { prover: signer, challenger: signer, referee: signer, height: () => parts.chain.head().header.height }
    const file = await parts.store.getFile(lie.run.model, LIMITS.modelBytes)
    const found = await audit(parseCid(id, 'receipt'), root, lie.run, models, parties, file)
    if (found === undefined) return
    const { losers, reason, detail } = found.outcome
    const entry = found.operator?.entry ?? null
    const event: NodeDispute = { type: 'dispute', receipt: id, losers, reason, detail, entry, operator: found.operator?.kind ?? null }
    mkdirSync(folder, { recursive: true })
    const path = join(folder, `${id}.transcript`)
    writeDurably(path, found.transcript)
    parts.events.emit(event)
    onDispute(event, path)
  }
  return {
    ...api,
    async infer(request) {
      const result = await api.infer(request)
      check(result.receipt.id).catch((error: unknown) => {
        process.stderr.write(`the audit of ${result.receipt.id} failed: ${asUtnetError(error).message}\n`)
      })
      return result
    },
  }
}
