/** Runs a receipt again from its bundle and compares; with a trace, says where the gas went. */
import {
  decodeHeader,
  decodeReceipt,
  decodeWitness,
  equalBytes,
  openingDigest,
  readBundleFile,
  readFile,
  receiptId,
  sha256,
  toHex,
  UtnetError,
  type BlockReader,
  type CID,
  type OpenedPart,
  type RunStatus,
} from '../core/index.ts'
import type { ReexecutionInput } from '../verify/index.ts'
import { reexecute, type TracedReexecution } from './reexecute.ts'

export interface Replay extends Pick<TracedReexecution, 'message' | 'at' | 'functions'> {
  readonly receipt: string
  readonly status: RunStatus
  /** Salted digest of the output, as the receipt has it. */
  readonly output: string
  /** Decimal. */
  readonly gas: string
  /** True when status, gas and output digest are the receipt's. */
  readonly equal: boolean
  readonly differs?: readonly string[]
}

function fileOf(cid: CID, get: BlockReader): Uint8Array {
  const bytes = readFile(cid, get)
  if (bytes === undefined) throw new UtnetError('bundle_invalid', `file ${cid} of the bundle cannot be read`)
  return bytes
}

function opened(part: OpenedPart | null, get: BlockReader, name: string): NonNullable<ReexecutionInput['log']> {
  if (part === null)
    throw new UtnetError('receipt_withheld', `the ${name} of this run was not kept, so it cannot be repeated`, {
      hint: 'keep openings of the route: retention public',
    })
  const files = new Map(
    part.files.map((cid) => {
      const bytes = fileOf(cid, get)
      return [toHex(sha256(bytes)), bytes]
    }),
  )
  return { salt: part.salt, opening: get(part.opening), files }
}

/** Repeats the run of a bundle file. The bundle is read, not judged: `verifyBundle` does that. */
export async function replayBundle(car: Uint8Array, options: { readonly trace?: boolean } = {}): Promise<Replay> {
  const { root, get } = readBundleFile(car)
  const bytes = get(root.receipt)
  const body = decodeReceipt(bytes)
  const output = opened(root.output, get, 'output')
  const witness = root.witness === null ? null : decodeWitness(get(root.witness))
  const again = await reexecute(
    {
      body,
      module: fileOf(root.module, get),
      input: opened(root.input, get, 'input'),
      output,
      log: body.log === null ? null : opened(root.log, get, 'log'),
      witness,
      callees: root.callees.map((cid) => fileOf(cid, get)),
      models: [],
      context: decodeHeader(get(root.contextBlock.header)),
    },
    options,
  )
  const digest = openingDigest('output', output.salt, again.output)
  const differs = [
    ...(again.status === body.status ? [] : ['status']),
    ...(again.gas === body.gas ? [] : ['gas']),
    ...(equalBytes(digest, body.output) ? [] : ['output']),
  ]
  return {
    receipt: receiptId(bytes).toString(),
    status: again.status,
    output: toHex(digest),
    gas: again.gas.toString(),
    equal: differs.length === 0,
    ...(differs.length === 0 ? {} : { differs }),
    ...(again.message === undefined ? {} : { message: again.message }),
    ...(again.at === undefined ? {} : { at: again.at }),
    ...(again.functions === undefined ? {} : { functions: again.functions }),
  }
}
