/**
 * A simulated node for tests of the gateway: everything in memory, no chain, no guests; receipts are real in form and sign nothing.
 * A component is the WASM magic and JSON `{world}`; a model is the text `ONNX`. The contract counts, the function echoes, the model doubles.
 */
import {
  aname,
  cidOf,
  cidOfDigest,
  contractAddress,
  DAG_CBOR,
  encode,
  encodeReceipt,
  endOf,
  fileCid,
  formatAddress,
  formatChipKey,
  formatKey,
  fromUtf8,
  isBehind,
  limitError,
  LIMITS,
  parseAddress,
  parseCid,
  parseFilter,
  parseMark,
  RAW,
  receiptId,
  receiptView,
  sha256,
  utf8,
  UtnetError,
  type BlockView,
  type CallBody,
  type ChainEntry,
  type EntryProof,
  type GuestDetail,
  type ModelView,
  type NodeApi,
  type NodeEvent,
  type RunBody,
  type RunStatus,
  type World,
} from '../../runtime/core/index.ts'

const MAGIC = Uint8Array.of(0, 0x61, 0x73, 0x6d)
const KEY = new Uint8Array(32).fill(7)
const SALT = new Uint8Array(16).fill(9)
const SIMULATED_PROOF: EntryProof = { root: 'eventRoot', leaf: 'AA==', index: 0, path: [], header: 'AA==', certificate: 'AA==', epochs: [] }
const DEV = formatAddress(new Uint8Array(20).fill(1))

/** A component that the simulated node takes. */
export function simulatedComponent(world: World, name = ''): Uint8Array {
  return new Uint8Array([...MAGIC, ...utf8(JSON.stringify({ world, name }))])
}

export interface SimulatedOptions {
  readonly dev?: boolean
}

export interface SimulatedNode extends NodeApi {
  /** Requests that functions were given, in order. */
  readonly invoked: {
    readonly name: string
    readonly headers: readonly (readonly [string, string])[]
    readonly path: string
    readonly bytes: number
    readonly later: boolean
  }[]
  isReady: boolean
  /** When set, every method of the chain throws it. */
  broken: unknown
  listeners: number
}

const ADD = { name: 'add', params: [{ name: 'n', type: { kind: 'u32' as const } }], result: { kind: 'u64' as const } }
const EXPORTS: Readonly<Record<World, GuestDetail['exports']>> = {
  command: [],
  library: [],
  contract: [{ name: 'add', type: 'func(n: u32) -> u64', params: [{ name: 'n', type: 'u32' }], result: 'u64', signature: ADD }],
  function: [],
  operator: [],
}

/** Opens one. */
export function simulatedNode({ dev = true }: SimulatedOptions = {}): SimulatedNode {
  const genesis = encode({ simulated: 1 })
  const chainId = cidOf(DAG_CBOR, genesis)
  const guests = new Map<string, GuestDetail & { count: bigint }>()
  const models = new Map<string, ModelView>()
  const balances = new Map<string, bigint>()
  const transactions = new Map<string, number>()
  const receipts = new Map<string, { body: CallBody | RunBody; height: number | null }>()
  const blocks: BlockView[] = []
  const queues = new Set<(event: NodeEvent) => void>()
  const store = new Map<string, Uint8Array>()
  const entries: ChainEntry[] = []
  let seq = 0

  const emit = (event: NodeEvent): void => queues.forEach((push) => push(event))
  const common = (module: string, entry: string, input: Uint8Array, output: Uint8Array, status: RunStatus) => ({
    v: 1 as const,
    module: parseCid(module),
    entry,
    input: sha256(input),
    output: sha256(output),
    status,
    gas: 1234n,
    protocol: 1,
    log: null,
    models: [],
    context: { chainId, height: blocks.length - 1, time: 1, seed: KEY },
  })
  const keep = (body: CallBody | RunBody, height: number | null): string => {
    const id = receiptId(encodeReceipt(body)).toString()
    receipts.set(id, { body, height })
    emit({ type: 'receipt', id, kind: body.kind, status: body.status, gas: body.gas.toString() })
    return id
  }
  const run = (kind: 'invoke' | 'infer', module: string, world: string, entry: string, output: Uint8Array): string =>
    keep({ ...common(module, entry, KEY, output, 'ok'), kind, world, node: KEY, thread: 0, seq: seq++, retention: 'public' }, null)
  const seal = (hashes: BlockView['transactions'], ids: readonly string[]): number => {
    const height = blocks.length
    const hash = cidOf(DAG_CBOR, encode([height, ...ids])).toString()
    blocks.push({ height, hash, header: { height }, certificate: {}, transactions: hashes, receipts: ids })
    for (const [id, r] of receipts) {
      if (r.height !== null) continue
      r.height = height
      emit({ type: 'anchor', id, height })
    }
    emit({ type: 'block', id: `${height}.0`, height, time: height, hash, transactions: hashes.length })
    return height
  }
  const guestOf = (name: string): GuestDetail & { count: bigint } => {
    const guest = guests.get(name)
    if (guest === undefined) throw new UtnetError('guest_not_found', `there is no guest ${name}`)
    return guest
  }
  const viewOf = ({ name, module, world, exports }: GuestDetail) => ({ name, module, world, exports })
  const modelOf = (name: string): ModelView => {
    const model = models.get(name)
    if (model === undefined) throw new UtnetError('model_not_found', `there is no model ${name}`)
    return model
  }
  const account = (address: string) => ({
    address: formatAddress(parseAddress(address)),
    balance: (balances.get(address) ?? 0n).toString(),
    nonce: 0,
  })
  const onlyDev = (): void => {
    if (!dev) throw new UtnetError('auth_required', 'not a dev node')
  }
  const receiptOf = (id: string) => {
    const found = receipts.get(parseCid(id).toString())
    if (found === undefined) throw new UtnetError('receipt_not_found', `there is no receipt ${id}`)
    return found
  }
  const entry = (guest: GuestDetail, name: string): void => {
    if (!guest.exports.some((e) => e.name === name))
      throw new UtnetError('guest_export_not_found', `${guest.name} has no export ${name}`, {
        details: { exports: guest.exports.map((e) => e.name) },
      })
  }
  const amount = (args: readonly unknown[]): bigint => {
    const [n] = args
    if (args.length !== 1 || typeof n !== 'number')
      throw new UtnetError('value_mismatch', 'n must be u32', { details: { path: 'n', expected: 'u32' } })
    return BigInt(n)
  }
  seal([], [])

  const named = new Map<string, string>()
  const maps = new Map<string, Uint8Array>()
  const self: SimulatedNode = {
    invoked: [],
    isReady: true,
    broken: undefined,
    listeners: 0,
    info: async () => ({
      version: '0.1.0',
      protocol: 1,
      chainId: chainId.toString(),
      nodeKey: formatKey(KEY),
      chipKey: formatChipKey(KEY),
      dev,
      devAccount: dev ? DEV : null,
      isolation: 'wasm-software',
      audit: null,
    }),
    ready: async () => self.isReady,
    deploy: async ({ name, component, transaction, sourceMap }) => {
      aname(name)
      if (transaction === undefined) onlyDev()
      if (MAGIC.some((b, i) => component[i] !== b))
        throw new UtnetError('guest_invalid', 'not a component: the magic is missing at offset 0', {
          details: { offset: 0, rule: 'magic' },
        })
      const { world } = JSON.parse(fromUtf8(component.subarray(4))) as { world: World }
      const module = cidOf(RAW, component).toString()
      store.set(module, component)
      if (sourceMap !== undefined) named.set(module, sourceMap)
      const height = seal([], [])
      const address = world === 'contract' ? formatAddress(contractAddress(KEY.subarray(12), guests.size)) : null
      guests.set(name, {
        name,
        module,
        world,
        exports: EXPORTS[world],
        owner: DEV,
        address,
        imports: [],
        version: 1,
        versions: [{ module, height }],
        count: 0n,
      })
      return viewOf(guestOf(name))
    },
    putSourceMap: async (name, bytes) => {
      const { module } = guestOf(name)
      const cid = cidOf(RAW, bytes).toString()
      if (named.get(module) !== cid) throw new UtnetError('request_invalid', `the deployment of ${name} did not name ${cid}`)
      maps.set(module, bytes)
      return { name, module, sourceMap: cid }
    },
    sourceMap: async (module) => {
      const found = maps.get(module)
      if (found === undefined) throw new UtnetError('block_not_found', `there is no source map of ${module}`)
      return found
    },
    guests: async ({ after = '', limit = LIMITS.listedGuests } = {}) =>
      [...guests.values()]
        .map(viewOf)
        .filter(({ name }) => name > after)
        .toSorted((a, b) => (a.name < b.name ? -1 : 1))
        .slice(0, limit),
    guest: async (name) => {
      const { count: _, ...detail } = guestOf(name)
      return detail
    },
    call: async (request) => {
      onlyDev()
      const guest = guestOf(request.name)
      entry(guest, request.export)
      guest.count += amount(request.args)
      const tx = cidOf(DAG_CBOR, encode([blocks.length, request.name]))
      const id = keep(
        { ...common(guest.module, request.export, KEY, KEY, 'ok'), kind: 'call', world: 'contract', node: null, tx, events: KEY },
        blocks.length,
      )
      const height = seal([{ hash: tx.toString(), kind: 'call', status: 'ok', gas: '1234', paid: '2234' }], [id])
      const event = { contract: guest.name, name: 'added', data: { count: guest.count.toString() } }
      entries.push({ type: 'event', id: `${height}.1`, height, time: height, block: 'ab', tx: tx.toString(), ...event })
      emit(entries.at(-1) as ChainEntry)
      transactions.set(tx.toString(), height)
      return {
        result: guest.count.toString(),
        status: 'ok',
        gas: '1234',
        paid: '2000',
        receipt: id,
        height,
        hash: tx.toString(),
        events: [event],
      }
    },
    query: async (request) => {
      const guest = guestOf(request.name)
      entry(guest, request.export)
      const height = request.at ?? blocks.length - 1
      if (height >= blocks.length) throw new UtnetError('chain_height', `there is no block ${height}`)
      const proof = {
        height,
        header: 'AA==',
        certificate: 'AA==',
        epochs: [],
        entries: [{ trie: 'contracts' as const, key: 'AA==', value: null, proof: 'AA==' }],
      }
      return { result: (guest.count + amount(request.args)).toString(), gas: '99', height, ...(request.proof === true ? { proof } : {}) }
    },
    account: async (address, proof) => ({
      ...account(address),
      ...(proof === true ? { proof: { height: 0, header: 'AA==', certificate: 'AA==', epochs: [], entries: [] } } : {}),
    }),
    fund: async (given) => {
      onlyDev()
      const { address } = account(given)
      balances.set(address, (balances.get(address) ?? 0n) + 10n ** 18n)
      seal([], [])
      return account(address)
    },
    submit: async (transaction) => {
      if (transaction[0] !== 0x82) throw new UtnetError('tx_invalid', 'transaction cannot be read')
      const hash = cidOf(DAG_CBOR, transaction).toString()
      transactions.set(hash, seal([{ hash, kind: 'custom', status: 'ok', gas: '1', paid: '1' }], []))
      return { hash }
    },
    transaction: async (hash) => {
      const height = transactions.get(parseCid(hash).toString())
      if (height === undefined) throw new UtnetError('tx_not_found', `there is no transaction ${hash}`)
      return { hash, state: 'final', height, kind: 'custom', sender: DEV, status: 'ok', gas: '1' }
    },
    invoke: async (name, { method, path, headers, body, later }) => {
      const guest = guestOf(name)
      self.invoked.push({ name, headers, path, bytes: body.length, later: later ?? false })
      const answer = path.startsWith('/bytes') ? body : utf8(`${method} ${path} ${body.length}`)
      const asked = headers
        .filter(([key]) => key.startsWith('answer-'))
        .map(([key, value]) => [key.slice('answer-'.length), value] as const)
      const status = Number(headers.find(([key]) => key === 'status')?.[1] ?? 200)
      const id = run('invoke', guest.module, 'function', 'handle', answer)
      const receipt = { id, gas: '1234', salt: SALT, attestation: later === true ? new Uint8Array(0) : KEY }
      const bare = status === 204 || status === 304
      const sent = bare ? new Uint8Array(0) : answer
      return { status, headers: [['content-type', 'text/plain'], ...asked], body: sent, bodySha256: sha256(sent), receipt }
    },
    addFile: async (bytes) => {
      onlyDev()
      if (bytes.length > LIMITS.mountBytes) throw limitError('core_too_large', 'mountBytes', bytes.length, LIMITS.mountBytes, 'the file')
      const cid = fileCid(bytes).toString()
      store.set(cid, bytes)
      return { cid, size: bytes.length }
    },
    putModel: async (name, bytes) => {
      onlyDev()
      if (bytes[0] !== 0x4f) throw new UtnetError('model_invalid', 'not an ONNX model')
      const tensor = [{ name: 'x', dtype: 'f32', shape: [-1] }]
      models.set(name, {
        name,
        model: cidOf(RAW, bytes).toString(),
        inputs: tensor,
        outputs: [{ ...tensor[0], name: 'y' } as (typeof tensor)[0]],
        platform: 'onnx',
        devices: ['simulated'],
      })
      return modelOf(name)
    },
    models: async () => [...models.values()],
    model: async (name) => modelOf(name),
    infer: async ({ model, inputs, later, arithmetic }) => {
      const view = modelOf(model)
      const outputs = inputs.map((input, i) => {
        const data = input.data.slice()
        const reader = new DataView(data.buffer)
        if (input.dtype === 'f32') for (let at = 0; at < data.length; at += 4) reader.setFloat32(at, reader.getFloat32(at, true) * 2, true)
        return { ...input, name: i === 0 ? 'y' : `y${i}`, data }
      })
      const receipt = {
        id: run('infer', view.model, 'model', 'infer', KEY),
        gas: '5',
        salt: SALT,
        attestation: later === true ? new Uint8Array(0) : KEY,
      }
      return { model: view.model, arithmetic: `simulated-${arithmetic ?? 'any'}`, outputs, receipt }
    },
    receipt: async (id) => {
      const { body, height } = receiptOf(id)
      return receiptView(body, null, height === null ? null : { height, index: 0, path: [] })
    },
    receiptBytes: async (id) => encodeReceipt(receiptOf(id).body),
    bundle: async (id, { withModels } = {}) => {
      if (receiptOf(id).height === null) throw new UtnetError('receipt_not_anchored', `the receipt ${id} is not anchored yet`)
      return encode({ simulated: id, models: withModels ?? false })
    },
    chain: async () => {
      if (self.broken !== undefined) throw self.broken
      const { height, hash } = blocks[blocks.length - 1] as BlockView
      return {
        chainId: chainId.toString(),
        height,
        hash,
        time: 1,
        finalized: height,
        prunedBelow: 0,
        validators: 1,
        mempool: 0,
        baseFee: '1000000000',
      }
    },
    block: async (height) => {
      const block = blocks[height]
      if (block === undefined) throw new UtnetError('chain_height', `there is no block ${height}`)
      return block
    },
    epoch: async (epoch, { set } = {}) => {
      if (epoch > 0) throw new UtnetError('chain_height', `epoch ${epoch} is not over`)
      return { epoch, height: 600, steps: ['AA=='], ...(set === true ? { set: 'AA==' } : {}) }
    },
    power: async (epoch = 0) => {
      if (epoch > 0) throw new UtnetError('chain_height', `epoch ${epoch} is not fixed yet`)
      return { epoch, from: 1, to: 600, total: 1, members: [{ node: formatKey(KEY), vote: '', power: 1, share: 1, chips: 0 }] }
    },
    genesis: async () => genesis,
    attest: () => Promise.reject(new UtnetError('chip_enrolment', 'this node certifies no chips')),
    certify: () => Promise.reject(new UtnetError('chip_enrolment', 'this node certifies no chips')),
    verdict: () => Promise.reject(new UtnetError('verdict_refused', 'no verdict: this node is no validator')),
    chainEvents: async ({ filter = [], from = 0, to = blocks.length - 1, after, limit = 100, proof = false }) => {
      const begin = after === undefined ? endOf(from - 1) : parseMark(after)
      const names = parseFilter(filter).flatMap((c) => (c.kind === 'event' ? [c.name] : []))
      const fits = (e: ChainEntry): boolean =>
        isBehind(parseMark(e.id), begin) && e.height <= to && e.type === 'event' && names.every((n) => n === e.name)
      const found = entries.filter(fits)
      const page = found.slice(0, limit).map((e) => (proof ? { ...e, proof: SIMULATED_PROOF } : e))
      const done = found.length === page.length
      return { entries: page, next: done ? `${Math.max(to, 0)}` : (page.at(-1) as ChainEntry).id, done, head: blocks.length - 1 }
    },
    events: (signal, request = {}) => {
      const { after } = request
      const past = after === undefined ? [] : entries.filter((e) => isBehind(parseMark(e.id), parseMark(after)))
      return simulatedEvents(signal, queues, self, past)
    },
    ipfs: async (cid, path, format) => {
      const body = store.get(cid)
      if (body === undefined || path !== '') throw new UtnetError('block_not_found', `there is no block ${cid}`)
      const types = { raw: 'application/vnd.ipld.raw', car: 'application/vnd.ipld.car; version=1', file: 'application/octet-stream' }
      return { cid, contentType: types[format], body }
    },
    metrics: async () => '# TYPE simulated gauge\nsimulated 1\n# EOF\n',
  }
  return self
}

async function* simulatedEvents(
  signal: AbortSignal,
  queues: Set<(event: NodeEvent) => void>,
  node: SimulatedNode,
  past: readonly NodeEvent[],
): AsyncGenerator<NodeEvent> {
  const waiting: NodeEvent[] = [...past]
  let wake = (): void => undefined
  const push = (event: NodeEvent): void => {
    waiting.push(event)
    wake()
  }
  const stop = (): void => wake()
  signal.addEventListener('abort', stop)
  queues.add(push)
  node.listeners++
  try {
    while (!signal.aborted) {
      const next = waiting.shift()
      if (next !== undefined) yield next
      else
        await new Promise<void>((resolve) => {
          wake = resolve
        })
    }
  } finally {
    queues.delete(push)
    node.listeners--
    signal.removeEventListener('abort', stop)
  }
}

/** A CID that nothing has. */
export const SIMULATED_UNKNOWN = cidOfDigest(DAG_CBOR, new Uint8Array(32).fill(3)).toString()
