/** Our guests on the real host: what they answer, what it costs, and the bodies of the receipts that would say so. */
import {
  callInputOpening,
  callOutputOpening,
  cidOf,
  digest,
  encode,
  encodeReceipt,
  openingDigest,
  PROTOCOL,
  RAW,
  requestOpening,
  responseOpening,
  saltOf,
  sha256,
  toHex,
  UtnetError,
  utf8,
  type Cbor,
  type CID,
  type ReceiptBody,
  type RunStatus,
  type TensorBridge,
} from '../../../runtime/core/index.ts'
import { CONTEXT, simulatedEnv, testHost } from '../../../runtime/host/testing/host.ts'

/** Components by name. */
export interface Guests {
  readonly token: Uint8Array
  readonly matmul: Uint8Array
  readonly readText: Uint8Array
}

/** One line a run. */
export interface Line {
  readonly run: string
  readonly status: RunStatus
  readonly gas: string
  /** Digest of what came out. */
  readonly output: string
  /** Hex of the receipt's body. */
  readonly receipt: string
}

const CHAIN = cidOf(RAW, utf8('a chain'))
const SECRET = new Uint8Array(16).fill(9)
const context = { chainId: CHAIN, ...CONTEXT }
const salted = (name: 'input' | 'output' | 'log', bytes: Uint8Array): Uint8Array => openingDigest(name, saltOf(SECRET, name), bytes)

interface Ran {
  readonly kind: 'call' | 'invoke'
  readonly module: CID
  readonly world: string
  readonly entry: string
  readonly status: RunStatus
  readonly gas: bigint
  readonly input: Uint8Array
  readonly output: Uint8Array
}

function line(run: string, { kind, input, output, ...ran }: Ran): Line {
  const shared = {
    v: 1,
    protocol: PROTOCOL,
    context,
    ...ran,
    input: salted('input', input),
    output: salted('output', output),
    models: [],
  } as const
  const body: ReceiptBody =
    kind === 'call'
      ? { ...shared, kind, node: null, log: null, tx: CHAIN, events: new Uint8Array(32) }
      : { ...shared, kind, node: new Uint8Array(32).fill(1), thread: 0, seq: 0, retention: 'public', log: salted('log', encode([])) }
  return { run, status: ran.status, gas: String(ran.gas), output: toHex(sha256(output)), receipt: toHex(encodeReceipt(body)) }
}

async function contractLines(component: Uint8Array): Promise<Line[]> {
  const host = testHost()
  const { module, world } = await host.admit(component)
  const env = simulatedEnv()
  const calls: readonly (readonly [string, readonly (string | number)[]])[] = [
    ['mint', ['ut1bob', 1_000_000]],
    ['mint', ['ut1alice', 5]],
    ['transfer', ['ut1bob', 3]],
    ['transfer', ['ut1bob', 3_000_000]],
    ['balance', ['ut1bob']],
    ['total', []],
  ]
  return calls.map(([entry, args]) => {
    const { status, gas, result } = host.executor.run({ module, entry, args, gasLimit: 100_000_000n, env })
    const state = encode([[...env.state].map(([k, v]) => [k, v]), env.events.map(([name, data]) => [name, data])] as Cbor)
    const output = callOutputOpening(result as Cbor, digest('proof-state', state))
    return line(`token.${entry}(${args.join(', ')})`, {
      kind: 'call',
      module,
      world,
      entry,
      status,
      gas,
      input: callInputOpening(entry, [...args]),
      output,
    })
  })
}

/** Floats that hold every kind of number: normal ones, subnormal ones, infinities and NaNs of many bits. */
function floats(count: number, seed: number): Uint8Array {
  const words = new Uint32Array(count)
  let x = seed
  for (let i = 0; i < count; i++) {
    x = (Math.imul(x, 1_664_525) + 1_013_904_223) >>> 0
    const kind = x >>> 28
    words[i] = kind === 0 ? 0x7f80_0000 | (x & 0x803f_ffff) : kind === 1 ? x & 0x807f_ffff : (x & 0x8fff_ffff) | 0x3000_0000
  }
  return new Uint8Array(words.buffer)
}

async function operatorLines(component: Uint8Array): Promise<Line[]> {
  const host = testHost()
  const { module, world } = await host.admit(component)
  const out: Line[] = []
  for (const [m, k, n] of [
    [3, 5, 7],
    [16, 16, 16],
    [33, 20, 9],
  ] as const) {
    const inputs = [
      { name: 'a', dtype: 'f32', shape: [m, k], data: floats(m * k, m) },
      { name: 'b', dtype: 'f32', shape: [k, n], data: floats(k * n, n) },
    ] as const
    const { status, gas, outputs } = await host.runOperator({ module, inputs, gasLimit: 10_000_000_000n })
    const output = encode(outputs.map((t) => [t.name, t.dtype, [...t.shape], t.data]))
    const input = encode(inputs.map((t) => [t.name, t.dtype, [...t.shape], t.data]))
    out.push(line(`matmul ${m}x${k}x${n}`, { kind: 'invoke', module, world, entry: 'run', status, gas, input, output }))
  }
  return out
}

/** A node that has no model: what a guest asks it for is refused, and the guest goes on. */
const simulatedEmptyBridge: TensorBridge = {
  gasOf: (model) => {
    throw new UtnetError('model_not_found', `no model ${model}`)
  },
  infer: (model) => Promise.reject(new UtnetError('model_not_found', `no model ${model}`)),
}

async function functionLines(component: Uint8Array, png: Uint8Array): Promise<Line[]> {
  const host = testHost(simulatedEmptyBridge)
  const { module, world } = await host.admit(component)
  const out: Line[] = []
  const flipped = Uint8Array.from(png, (byte, i) => (i === 300 ? byte ^ 1 : byte))
  for (const [name, method, body] of [
    ['usage', 'GET', new Uint8Array(0)],
    ['no image', 'POST', utf8('hello')],
    ['a broken image', 'POST', flipped],
    ['an image, without a model to read it', 'POST', png],
  ] as const) {
    const request = { method, path: '/', headers: [], scheme: 'http', authority: 'node', body } as const
    const { status, gas, response } = await host.invoke({ module, request, context: CONTEXT, gasLimit: 10_000_000_000n })
    const input = requestOpening(method, '/', [], sha256(body))
    const output = responseOpening(response.status, response.headers, sha256(response.body))
    out.push(
      line(`read-text: ${name} (${response.status})`, { kind: 'invoke', module, world, entry: 'handle', status, gas, input, output }),
    )
  }
  return out
}

/** Runs one guest, all its calls on one host. */
export function linesOf(name: keyof Guests, component: Uint8Array, png: Uint8Array): Promise<Line[]> {
  if (name === 'token') return contractLines(component)
  return name === 'matmul' ? operatorLines(component) : functionLines(component, png)
}

/** Runs all of them. */
export async function scenario({ token, matmul, readText }: Guests, png: Uint8Array): Promise<Line[]> {
  return [...(await linesOf('token', token, png)), ...(await linesOf('matmul', matmul, png)), ...(await linesOf('readText', readText, png))]
}
