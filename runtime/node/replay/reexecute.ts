/** Runs a guest again from what a bundle reveals: no chain, no store, no network, no model. */
import {
  asArray,
  asBytes,
  asText,
  asUint,
  decode,
  equalBytes,
  commitmentRoot,
  inferOutputOpening,
  isUtnetError,
  plainCommitment,
  fileCid,
  formatAddress,
  parseAddress,
  isSecretHeader,
  LIMITS,
  PARAMS,
  responseOpening,
  callOutputOpening,
  sha256,
  tensorHeads,
  toHex,
  UtnetError,
  type Budgets,
  type CallWitness,
  type Cbor,
  type CID,
  type FileStore,
  type FunctionGas,
  type HostLog,
  type NamedTensor,
  type Dtype,
  type RunOutcome,
} from '../../core/index.ts'
import { CallSession, changesRoot, runGuarded, type ContractSeat, type SessionState } from '../../consensus/index.ts'
import { inferGas, threaded, wasmArithmetic, wasmDevice, type Device, type LazyExact } from '../../tpu-bridge/index.ts'
import { exactGuest } from '../models/index.ts'
import type { TracedFunction, TracedRun } from '../source-lines/index.ts'
import { createHost, type Host } from '../../host/index.ts'
import type { Reexecution, ReexecutionInput } from '../../verify/index.ts'

/** A file store of these components. */
function only(components: readonly Uint8Array[]): FileStore {
  const files = new Map(components.map((bytes) => [fileCid(bytes).toString(), bytes]))
  return {
    putFile: () => Promise.reject(new UtnetError('node_internal', 'a re-execution stores nothing')),
    getFile: (cid) => {
      const bytes = files.get(cid.toString())
      if (bytes !== undefined) return Promise.resolve(bytes)
      return Promise.reject(new UtnetError('block_not_found', `the bundle lacks ${cid}`))
    },
  }
}

/** A run again, with what it tells beyond what its receipt binds. */
export interface TracedReexecution extends Reexecution, TracedRun {
  /** Why the run did not complete, for people. */
  readonly message?: string
  /** The function in which it ended, where that can be told. */
  readonly at?: string
  readonly budgets?: Budgets
}

/** What a host tells of a run beside its result. */
type Told = Pick<RunOutcome, 'message' | 'where' | 'frames' | 'profile' | 'probes' | 'budgets'>

const lineOf = ({ name, gas, calls }: FunctionGas): TracedFunction => ({ name, gas: gas.toString(), calls })

function traced({ message, where, frames, profile, probes, budgets }: Told): Omit<TracedReexecution, keyof Reexecution> {
  return {
    ...(message === undefined ? {} : { message }),
    ...(where === undefined ? {} : { at: where }),
    ...(frames === undefined ? {} : { frames }),
    ...(profile === undefined
      ? {}
      : { functions: profile.map(lineOf), charges: profile.filter((line) => !line.own || line.uncounted === true).map(lineOf) }),
    ...(probes === undefined ? {} : { probes }),
    ...(budgets === undefined ? {} : { budgets }),
  }
}

const SECRET_BYTES = 32

type Headers = readonly (readonly [string, Uint8Array])[]

function readHeaders(value: Cbor | undefined): Headers {
  return asArray(value, 'headers').map((item) => {
    const [name, bytes] = asArray(item, 'header', 2)
    return [asText(name, 'header name'), asBytes(bytes, 'header value')] as const
  })
}

/** A secret header stands in an opening as a digest whose salt only the caller has; it is taken over where the run sets that header again. */
function withKnownSecrets(headers: Headers, opened: Headers): Headers {
  return headers.map(([name, value], i) => {
    const there = opened[i]
    return isSecretHeader(name) && there?.[0] === name && there[1].length === SECRET_BYTES ? [name, there[1]] : [name, value]
  })
}

function bodyOf(hash: Uint8Array, files: ReadonlyMap<string, Uint8Array>): Uint8Array {
  return files.get(toHex(hash)) ?? new Uint8Array(0)
}

async function again(host: Host, input: ReexecutionInput): Promise<TracedReexecution> {
  const { body } = input
  const [method, path, headers, hash] = asArray(decode(input.input.opening, 'input'), 'input', 4)
  const replay: HostLog = {
    entries: input.log === null ? [] : asArray(decode(input.log.opening, 'log'), 'log'),
    files: input.log?.files ?? new Map(),
  }
  const outcome = await host.invoke({
    module: body.module,
    request: {
      method: asText(method, 'method'),
      path: asText(path, 'path'),
      headers: readHeaders(headers),
      body: bodyOf(asBytes(hash, 'body', 32), input.input.files),
    },
    context: { time: body.context.time, height: body.context.height, seed: body.context.seed },
    gasLimit: BigInt(LIMITS.invokeGas),
    replay,
  })
  const opened = readHeaders(asArray(decode(input.output.opening, 'output'), 'output', 3)[1])
  const { status, headers: answered, body: bytes } = outcome.response
  const output = responseOpening(status, withKnownSecrets(answered, opened), sha256(bytes))
  return { status: outcome.status, gas: outcome.gas, output, ...traced(outcome) }
}

/** The input tensors of an infer, from its opening. */
function tensorsOf(input: ReexecutionInput): NamedTensor[] {
  return asArray(decode(input.input.opening, 'input'), 'input').map((item) => {
    const [name, dtype, shape, hash] = asArray(item, 'tensor', 4)
    return {
      name: asText(name, 'name'),
      dtype: asText(dtype, 'dtype') as Dtype,
      shape: asArray(shape, 'shape').map((d) => asUint(d, 'dimension')),
      data: bodyOf(asBytes(hash, 'data', 32), input.input.files),
    }
  })
}

/** A device on which the receipt's arithmetic can be run again. */
function deviceFor(arithmetic: string | undefined, exact: LazyExact | undefined): Device {
  // in a process of its own: what runs again may come from anybody
  const web = threaded('onnx-web')
  if (arithmetic === web.arithmetic) return web
  if (exact !== undefined && arithmetic === wasmArithmetic(exact.component))
    return wasmDevice({ exact: { component: exact.component, ...exact.ready() } })
  throw new UtnetError(
    'verify_failed',
    arithmetic?.startsWith('exact:') === true
      ? `this node has no device of the arithmetic ${arithmetic}`
      : `results of ${arithmetic ?? 'this arithmetic'} differ between machines, so running it again shows nothing`,
    { hint: 'ask for bits that compare: utnet infer MODEL --arithmetic exact' },
  )
}

/** A model runs again only where its arithmetic is bit-exact on every machine. Its commitment is made again too, if it was one of a verified run. */
async function modelAgain(input: ReexecutionInput, exact: LazyExact | undefined): Promise<TracedReexecution> {
  const { models, module: cid } = input.body
  const [use] = models instanceof Uint8Array ? [] : models
  const device = deviceFor(use?.arithmetic, exact)
  try {
    const model = await device.load(input.module, cid)
    const inputs = tensorsOf(input)
    const { outputs, arithmetic, entries, checkpoints, exceptions } = await model.verified(inputs)
    const heads = { inputs: tensorHeads(inputs), outputs: tensorHeads(outputs) }
    const plain = plainCommitment(cid, arithmetic, heads.inputs, heads.outputs)
    const unverified = use !== undefined && equalBytes(use.root, commitmentRoot(plain))
    const root = commitmentRoot(unverified ? plain : { ...plain, entries, checkpoints, exceptions })
    const gas = inferGas(PARAMS, input.module.length, inputs, model.outputs)
    return { status: 'ok', gas, output: inferOutputOpening(heads.outputs, root) }
  } catch (cause) {
    if (!isUtnetError(cause, 'operator_unsupported')) throw cause
    throw new UtnetError(
      'verify_failed',
      'operators of the model ran by arithmetic that differs between machines, so running it again shows nothing',
      { cause },
    )
  } finally {
    await device.close()
  }
}

async function operatorAgain(host: Host, input: ReexecutionInput): Promise<TracedReexecution> {
  const inputs = tensorsOf(input)
  const run = await host.runOperator({ module: input.body.module, inputs, gasLimit: BigInt(LIMITS.invokeGas) })
  const { module } = input.body
  const heads = tensorHeads(run.outputs)
  const root = commitmentRoot(plainCommitment(module, `exact:${module.toString()}`, tensorHeads(inputs), heads))
  return { status: run.status, gas: run.gas, output: inferOutputOpening(heads, root), ...traced(run) }
}

/** The contract of a witness, and the state that it names: what it does not name is absent. */
function witnessed(witness: CallWitness, module: CID): { readonly seat: ContractSeat; readonly state: SessionState } {
  const at = (contract: string, key: Uint8Array): string => `${contract}/${toHex(key)}`
  const seats = new Map<string, ContractSeat>()
  const cold = new Map(witness.callees.filter((c) => c.ready > 0n).map((c) => [c.module.toString(), c.ready]))
  const values = new Map(witness.reads.map(([key, value]) => [at(witness.contract, key), value ?? undefined]))
  for (const callee of witness.callees) {
    const seat = { ...callee, address: parseAddress(callee.contract), owner: parseAddress(callee.owner) }
    for (const asked of callee.asked) seats.set(asked, seat)
    for (const [key, value] of callee.reads) values.set(at(callee.contract, key), value ?? undefined)
  }
  return {
    seat: { address: parseAddress(witness.contract), owner: parseAddress(witness.owner), version: witness.version, module },
    state: {
      get: ({ contract, key }) => values.get(at(formatAddress(contract), key)),
      find: (asked) => seats.get(asked),
      ready: (module) => cold.get(module.toString()) ?? 0n,
      enter: (module) => void cold.delete(module.toString()),
    },
  }
}

function callAgain(host: Host, input: ReexecutionInput): TracedReexecution {
  const { witness } = input
  if (witness === null) throw new UtnetError('verify_failed', 'the bundle does not show the state that the call read')
  const { seat, state } = witnessed(witness, input.body.module)
  const { height, time, chainId, gasLimit } = witness
  const session = new CallSession(state, { signer: parseAddress(witness.caller), height, time, chainId }, seat)
  const [entry, args] = asArray(decode(input.input.opening, 'input'), 'input', 2)
  const run = {
    module: seat.module,
    entry: asText(entry, 'export'),
    args: asArray(args, 'args'),
    gasLimit,
    env: session.env,
    hook: witness.hook,
  }
  const outcome = runGuarded(host.executor, run)
  const { status, gas, result } = outcome
  const ok = status === 'ok'
  if (!ok) session.revert()
  const changes = changesRoot(seat.address, session.changes())
  return { status, gas, output: callOutputOpening(ok ? result : null, changes), ...traced(outcome) }
}

/** Runs what a bundle holds again on a fresh host: the `reexecute` of `verifyBundle`. A trace changes neither result nor gas. */
export async function reexecute(
  input: ReexecutionInput,
  options: {
    readonly trace?: boolean
    /** What device `wasm` runs; what lies with the package where nothing is said. */ readonly exact?: LazyExact
  } = {},
): Promise<TracedReexecution> {
  if (input.body.kind === 'infer' && input.body.world !== 'operator') return modelAgain(input, options.exact ?? exactGuest())
  const host = createHost({ files: only([input.module, ...input.callees]), profile: options.trace === true })
  await host.load(input.body.module)
  for (const bytes of input.callees) await host.admit(bytes)
  if (input.body.kind === 'call') return callAgain(host, input)
  return input.body.kind === 'infer' ? operatorAgain(host, input) : again(host, input)
}
