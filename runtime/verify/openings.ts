/** Openings against the salted digests of the receipt: what was revealed must be what was run. */
import {
  asArray,
  asBytes,
  asText,
  asUint,
  callSalt,
  commitmentOfFile,
  decode,
  decodeWitness,
  encode,
  equalBytes,
  openingDigest,
  readFile,
  saltOf,
  sha256,
  toHex,
  witnessModules,
  type BlockReader,
  type BundleRoot,
  type CallWitness,
  type Cbor,
  type CID,
  type OpenedPart,
  type ReceiptBody,
} from '../core/index.ts'
import { must, type Found } from './checks.ts'

export type PartName = 'input' | 'output' | 'log'

/** A part as it was revealed. */
export interface Opened {
  readonly salt: Uint8Array
  /** Canonical bytes. */
  readonly opening: Uint8Array
  /** Files named by the opening, by lower-case hex of their sha256. */
  readonly files: ReadonlyMap<string, Uint8Array>
}

const EMPTY_SHA256 = toHex(sha256(new Uint8Array(0)))

/** A file of the bundle in our own layout. */
export function fileOf(cid: CID, get: BlockReader, what: string): Uint8Array {
  const bytes = readFile(cid, get)
  must(bytes !== undefined, `${what} ${cid.toString()} is not laid out as files of this project are`)
  return bytes
}

function digestsIn(value: Cbor, into: Set<string>): Set<string> {
  if (value instanceof Uint8Array) {
    if (value.length === 32) into.add(toHex(value))
  } else if (Array.isArray(value)) {
    for (const item of value) digestsIn(item, into)
  } else if (typeof value === 'object' && value !== null && !('code' in value && 'multihash' in value)) {
    for (const item of Object.values(value)) digestsIn(item, into)
  }
  return into
}

/** A body or a tensor that an opening names must be in the files, unless it is empty. */
function mustHaveFile(hash: string, files: Opened['files']): void {
  must(hash === EMPTY_SHA256 || files.has(hash), 'a file that the opening names is not in the bundle')
}

/** What an opening must look like, by kind of run. */
function mustFit(body: ReceiptBody, name: PartName, value: Cbor, { salt, files }: Opened, given: Opened | null): void {
  if (body.kind === 'call')
    must(equalBytes(salt, saltOf(callSalt(body.tx), name)), 'the salt does not follow from the block and the transaction')
  if (name === 'log') {
    asArray(value, 'log')
  } else if (body.kind === 'call') {
    const [first, second] = asArray(value, name, 2)
    if (name === 'input') {
      must(asText(first, 'export') === body.entry, 'the opening is of another export')
      asArray(second, 'arguments')
    } else asBytes(second, 'state changes', 32)
  } else if (body.kind === 'invoke') {
    const list = asArray(value, name, name === 'input' ? 4 : 3)
    if (name === 'input') for (const word of list.slice(0, 2)) asText(word, 'method and path')
    else asUint(list[0], 'status')
    for (const header of asArray(list.at(-2), 'headers')) {
      const [key, field] = asArray(header, 'header', 2)
      asText(key, 'header')
      asBytes(field, 'header')
    }
    mustHaveFile(toHex(asBytes(list.at(-1), 'body digest', 32)), files)
  } else {
    for (const hash of digestsIn(value, new Set())) mustHaveFile(hash, files)
    if (name === 'output') mustBeCommitted(body, value, files, given)
  }
}

/** What an inference gave is what its commitment says, of the model, the arithmetic and the inputs that the receipt names. */
function mustBeCommitted(body: ReceiptBody, value: Cbor, files: Opened['files'], given: Opened | null): void {
  const [outputs, committed] = asArray(value, 'output', 2)
  const root = asBytes(committed, 'root', 32)
  const [use] = body.models instanceof Uint8Array ? [] : body.models
  must(use !== undefined && equalBytes(use.root, root), 'the opening names another commitment than the receipt')
  const file = files.get(toHex(root))
  must(file !== undefined, 'the opening names no commitment')
  const { model, arithmetic, inputs, outputs: heads } = commitmentOfFile(file)
  must(model.equals(use.model) && arithmetic === use.arithmetic, 'the commitment is of another model or arithmetic than the receipt')
  must(equalBytes(encode(outputs as Cbor), encode(heads)), 'the commitment is of other outputs than the opening')
  must(given === null || equalBytes(given.opening, encode(inputs)), 'the commitment is of other inputs than the opening')
}

/** Checks one part; null when it was not revealed and need not be. `given` is the input, for the output of an inference. */
export function checkPart(
  name: PartName,
  body: ReceiptBody,
  part: OpenedPart | null,
  get: BlockReader,
  given: Opened | null = null,
): Found<Opened | null> {
  const expected = body[name]
  if (expected === null) {
    must(part === null, 'the receipt has no log, but the bundle shows one')
    return [null, 'none: nothing from outside entered the run']
  }
  if (part === null) {
    const retention = body.kind === 'call' ? 'public' : body.retention
    must(retention !== 'public', 'it is not in the bundle, although the receipt says that it is public')
    return [null, `not revealed (retention ${retention})`]
  }
  const opening = get(part.opening)
  must(equalBytes(openingDigest(name, part.salt, opening), expected), 'what is shown is not what the receipt is bound to')
  const value = decode(opening, `${name} opening`)
  const named = digestsIn(value, new Set())
  const files = new Map<string, Uint8Array>()
  for (const cid of part.files) {
    const bytes = fileOf(cid, get, 'file')
    const hash = toHex(sha256(bytes))
    must(named.has(hash), `file ${cid.toString()} is not named by the opening`)
    must(!files.has(hash), `file ${cid.toString()} stands twice`)
    files.set(hash, bytes)
  }
  const opened = { salt: part.salt, opening, files }
  mustFit(body, name, value, opened, given)
  const size = [...files.values()].reduce((n, f) => n + f.length, opening.length)
  return [opened, `${size} bytes, bound by the receipt's digest`]
}

export interface SeenState {
  /** Null for runs of one node. */
  readonly witness: CallWitness | null
  /** Components of the contracts that it called. */
  readonly callees: readonly Uint8Array[]
}

/**
 * What a call saw: of this block and chain, and with the changes that the output names. The values read and the contracts called are the node's word;
 * running again tests them.
 */
export function checkWitness(
  body: ReceiptBody,
  outputOf: () => Opened | null,
  root: Pick<BundleRoot, 'witness' | 'callees'>,
  get: BlockReader,
): Found<SeenState> {
  if (body.kind !== 'call') {
    must(root.witness === null && root.callees.length === 0, 'only a call has a witness')
    return [{ witness: null, callees: [] }, 'none: the run read no state']
  }
  const output = outputOf()
  must(root.witness !== null && output !== null, 'the state that the call read is not in the bundle')
  const witness = decodeWitness(get(root.witness))
  const { height, time, chainId } = body.context
  must(witness.height === height && witness.time === time && witness.chainId === chainId.toString(), 'the witness is of another block')
  must(witness.gasLimit >= body.gas, 'the witness names less gas than was used')
  const [, changes] = asArray(decode(output.opening, 'output opening'), 'output', 2)
  must(equalBytes(asBytes(changes, 'state changes', 32), witness.changes), 'the witness names other changes than the output')
  const modules = witnessModules(witness)
  must(
    modules.length === root.callees.length && modules.every((cid, i) => cid.equals(root.callees[i])),
    'the bundle carries other modules of called contracts than the witness names',
  )
  const callees = modules.map((cid) => fileOf(cid, get, 'module of a called contract'))
  const read = witness.callees.reduce((n, c) => n + c.reads.length, witness.reads.length)
  return [{ witness, callees }, `${read} state values and ${witness.callees.length} called contracts, as this node shows them`]
}
