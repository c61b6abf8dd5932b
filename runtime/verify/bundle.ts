/** A proof bundle, check by check. Needs no node and no network: the file and a trusted genesis. */
import {
  bundleModels,
  decodeReceipt,
  equalBytes,
  LIMITS,
  openingDigest,
  readBundleFile,
  receiptId,
  type BundleFile,
  type CallWitness,
  type CID,
  type Header,
  type ReceiptBody,
  type RunStatus,
} from '../core/index.ts'
import { brokenPart } from './broken-block.ts'
import { Checks, fail, must, needs, type Verification } from './checks.ts'
import { followEpochs, stepsOf } from './epochs.ts'
import { mustBeChild, mustBeFinal, readHeader } from './final-header.ts'
import { checkPart, checkWitness, fileOf, type Opened } from './openings.ts'
import { checkAnchor, checkAttestation, checkContext, checkNode, checkReceipt, checkRollup } from './run.ts'
import { findRoot, type TrustOptions } from './trust.ts'

/** All that a run depends on, checked before it is handed out. */
export interface ReexecutionInput {
  readonly body: ReceiptBody
  /** Bytes of the component. */
  readonly module: Uint8Array
  /** Components of the contracts that a call called. */
  readonly callees: readonly Uint8Array[]
  readonly input: Opened
  readonly output: Opened
  /** Null when nothing from outside entered the run. */
  readonly log: Opened | null
  /** What a call saw of the state; null for runs of one node. */
  readonly witness: CallWitness | null
  /** Bytes of the models, when they are in the bundle. */
  readonly models: readonly { readonly model: CID; readonly bytes: Uint8Array }[]
  /** The block that the receipt's context names. */
  readonly context: Header
}

/** What a run again gave: it is compared with what the receipt binds. */
export interface Reexecution {
  readonly status: RunStatus
  readonly gas: bigint
  /** Canonical bytes of the output's opening. */
  readonly output: Uint8Array
}

/** Runs a receipt's module again. Rejects where it cannot, which fails the check. */
export type Reexecute = (input: ReexecutionInput) => Promise<Reexecution>

/** Whom the user trusts, and whether the run is repeated. */
export interface BundleOptions extends TrustOptions {
  /** Runs the module again; without it the verdict has no check `reexecution`. */
  readonly reexecute?: Reexecute
}

/** Reads the file; where it is spoilt, says which part of the bundle is. */
function readNaming(carBytes: Uint8Array): BundleFile {
  try {
    return readBundleFile(carBytes)
  } catch (error) {
    const part = brokenPart(carBytes)
    if (part === undefined) throw error
    return fail(`the ${part} is not what it was: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/**
 * Checks a proof bundle file. Never throws: a file that cannot be read gives a failing check `container`.
 * `valid` is true only when every check holds; every check says in one line what it found.
 */
export async function verifyBundle(carBytes: Uint8Array, options: BundleOptions): Promise<Verification> {
  const checks = new Checks()
  const file = checks.run('container', () => {
    const read = readNaming(carBytes)
    return [read, `${carBytes.length} bytes: every block hashes to its name, nothing is missing or extra`]
  })
  if (file === undefined) return checks.verdict()
  const { root, get } = file

  const trusted = checks.run('trust', () => findRoot(root.chainId, root.from, options))
  const reach = checks.run('epochs', () => followEpochs(needs(trusted, 'trust'), stepsOf(root, get), options))
  const bodyBytes = checks.run('receipt', () => {
    const bytes = get(root.receipt)
    must(bytes.length <= LIMITS.receiptBytes && receiptId(bytes).equals(root.receipt), 'the receipt is not named by its own id')
    return [bytes, checkReceipt(decodeReceipt(bytes), root.chainId)]
  })
  const body = bodyBytes === undefined ? undefined : decodeReceipt(bodyBytes)
  const receipt = (): { body: ReceiptBody; bytes: Uint8Array } => ({ body: needs(body, 'receipt'), bytes: needs(bodyBytes, 'receipt') })

  checks.run('attestation', () => checkAttestation(receipt().body, receipt().bytes, root.attestation))
  const headers = checks.run('header', () => {
    const reached = needs(reach, 'epochs')
    const anchor = readHeader(get(root.anchorBlock.header), reached, 'the anchor block')
    const context = readHeader(get(root.contextBlock.header), reached, 'the context block')
    const heights = [context.header.height, anchor.header.height] as const
    must(root.anchor.height === heights[1], `the anchor names block ${root.anchor.height}, but the header shown is of ${heights[1]}`)
    if (heights[0] === heights[1]) must(root.anchorBlock.header.equals(root.contextBlock.header), 'two different headers of one height')
    if (heights[0] + 1 === heights[1]) mustBeChild(anchor, context.header, root.chainId)
    const own = root.rollup?.block ?? null
    const rollup =
      own === null
        ? null
        : own.header.equals(root.anchorBlock.header)
          ? anchor
          : readHeader(get(own.header), reached, 'the block of the rollup')
    return [{ anchor, context, rollup }, `blocks ${heights[0]} (context) and ${heights[1]} (anchor) of this chain`]
  })
  const shown = () => ({ anchor: needs(headers, 'header').anchor.header, context: needs(headers, 'header').context.header })
  checks.run('certificate', () => {
    const { anchor, context, rollup } = needs(headers, 'header')
    const first = mustBeFinal(anchor, get(root.anchorBlock.certificate), root.chainId)
    if (rollup !== null && root.rollup !== null) mustBeFinal(rollup, get(root.rollup.block.certificate), root.chainId)
    if (root.contextBlock.certificate.equals(root.anchorBlock.certificate) && context.header.height === anchor.header.height)
      return [true, first]
    return [true, `${first}; ${mustBeFinal(context, get(root.contextBlock.certificate), root.chainId)}`]
  })
  checks.run('anchor', () => checkAnchor(receipt().body, receipt().bytes, root.attestation, root.anchor, shown().anchor))
  checks.run('context', () => checkContext(receipt().body, shown().context, shown().anchor))
  checks.run('node', () => checkNode(receipt().body, root.node, needs(headers, 'header').anchor, needs(trusted, 'trust').genesis.dev))
  checks.run('rollup', () =>
    checkRollup(receipt().body, root.rollup, shown().anchor.height, needs(headers, 'header').rollup?.header ?? null),
  )
  const module = checks.run('module', () => {
    must(receipt().body.module.equals(root.module), 'the bundle carries another module than the receipt names')
    const bytes = fileOf(root.module, get, 'module')
    return [bytes, `${bytes.length} bytes hash to ${root.module.toString()}`]
  })
  const input = checks.run('input', () => checkPart('input', receipt().body, root.input, get))
  const output = checks.run('output', () => checkPart('output', receipt().body, root.output, get, input))
  const log = checks.run('log', () => checkPart('log', receipt().body, root.log, get))
  const witness = checks.run('witness', () => checkWitness(receipt().body, () => needs(output, 'output'), root, get))
  const models = checks.run('models', () => {
    const named = bundleModels(receipt().body)
    const same = named.length === root.models.length && named.every((cid, i) => cid.equals(root.models[i]))
    must(same, 'the bundle names other models than the receipt')
    const held = root.withModels ? named.map((model) => ({ model, bytes: fileOf(model, get, 'model') })) : []
    const how = root.withModels ? 'in the bundle' : 'by name only'
    return [held, named.length === 0 ? 'none listed' : `${named.length}, ${how}`]
  })

  const { reexecute } = options
  if (reexecute !== undefined) {
    await checks.runLater('reexecution', async () => {
      const opened = needs(output, 'output')
      const given = needs(input, 'input')
      const heard = needs(log, 'log')
      must(given !== null && opened !== null, 'input and output are not revealed, so the run cannot be repeated')
      must(heard !== null || receipt().body.log === null, 'the log is not revealed, so the run cannot be repeated')
      const { context } = shown()
      const run = {
        body: receipt().body,
        module: needs(module, 'module'),
        input: given,
        output: opened,
        log: heard,
        ...needs(witness, 'witness'),
        models: needs(models, 'models'),
        context,
      }
      const again = await reexecute(run)
      must(again.status === run.body.status, `it ended ${again.status}, the receipt says ${run.body.status}`)
      must(again.gas === run.body.gas, `it used ${again.gas} gas, the receipt says ${run.body.gas}`)
      must(equalBytes(openingDigest('output', opened.salt, again.output), run.body.output), 'it gave another output')
      return `the same status, ${again.gas} gas and output`
    })
  }
  return checks.verdict()
}
