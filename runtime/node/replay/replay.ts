/** Runs a receipt again from its bundle and compares; with a trace, says where the gas went. Needs no network, no model and no chain. */
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
  type Budgets,
  type CID,
  type OpenedPart,
  type RunStatus,
} from '../../core/index.ts'
import { readSourceMap } from '../../host/index.ts'
import type { ReexecutionInput } from '../../verify/index.ts'
import { linesOf, placeOf, type LineTrace } from '../source-lines/index.ts'
import { reexecute, type TracedReexecution } from './reexecute.ts'

/** What was used of a limit and what is allowed; gas is decimal text. */
export type BudgetView = Readonly<Record<string, { readonly used: number | string; readonly allowed: number | string }>>

/** What is told beside the comparison. */
export interface ReplayOptions {
  readonly trace?: boolean
  /** The source map of a component, where there is one (version 3; columns are byte offsets in the component). */
  readonly map?: (component: Uint8Array) => Promise<string | undefined>
  /** Lines of files of libraries one by one. */
  readonly library?: boolean
}

/** What the run again gave, beside what the receipt says. */
export interface Replay extends Pick<TracedReexecution, 'message' | 'at' | 'functions'>, LineTrace {
  readonly receipt: string
  readonly status: RunStatus
  /** Salted digest of the output, as the receipt has it. */
  readonly output: string
  /** Decimal. */
  readonly gas: string
  /** True when status, gas and output digest are the receipt's. */
  readonly equal: boolean
  readonly differs?: readonly string[]
  /** Source line and column in which it ended: `assembly/index.ts:28:5`. With a map, or line tables in the component. */
  readonly line?: string
  /** By name of the limit, and `gas`. */
  readonly budgets?: BudgetView
}

function budgetView(budgets: Budgets): BudgetView {
  const plain = (n: number | bigint): number | string => (typeof n === 'bigint' ? n.toString() : n)
  return Object.fromEntries(
    Object.entries(budgets).map(([name, { used, allowed }]) => [name, { used: plain(used), allowed: plain(allowed) }]),
  )
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
export async function replayBundle(car: Uint8Array, options: ReplayOptions = {}): Promise<Replay> {
  const { root, get } = readBundleFile(car)
  const bytes = get(root.receipt)
  const body = decodeReceipt(bytes)
  const output = opened(root.output, get, 'output')
  const witness = root.witness === null ? null : decodeWitness(get(root.witness))
  const module = fileOf(root.module, get)
  const again = await reexecute(
    {
      body,
      module,
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
  const text = again.functions === undefined && again.frames === undefined ? undefined : await options.map?.(module)
  const map = text === undefined ? undefined : readSourceMap(text)
  const line = again.frames === undefined ? undefined : placeOf(module, again, map, options.trace === true)
  return {
    receipt: receiptId(bytes).toString(),
    status: again.status,
    output: toHex(digest),
    gas: again.gas.toString(),
    equal: differs.length === 0,
    ...(differs.length === 0 ? {} : { differs }),
    ...(again.message === undefined ? {} : { message: line === undefined ? again.message : `${again.message} at ${line}` }),
    ...(again.at === undefined ? {} : { at: again.at }),
    ...(line === undefined ? {} : { line }),
    ...(again.budgets === undefined ? {} : { budgets: budgetView(again.budgets) }),
    ...(again.functions === undefined ? {} : { functions: again.functions }),
    ...linesOf(module, again, map, options.library === true),
  }
}
