import { describe, expect, test } from 'vitest'
import {
  bundleCbor,
  callSeed,
  cborBlock,
  CID,
  cidOf,
  concatBytes,
  DAG_CBOR,
  encodeAccount,
  encodeGenesis,
  equalBytes,
  fileNode,
  headerHash,
  kappaOf,
  LIMITS,
  openingDigest,
  powerDelta,
  RAW,
  readBundleFile,
  readCar,
  ROLLUP,
  sha256,
  utf8,
  writeCar,
  type Attestation,
  type CallWitness,
  type Cbor,
  type Commitment,
  type Genesis,
  type BundleRoot,
  type Header,
  type CallBody,
  type RunBody,
  type TensorHead,
} from '../core/index.ts'
import {
  account,
  accounts,
  anchoredAfter,
  answerBody,
  callParts,
  first,
  inferParts,
  invokeParts,
  modelBytes,
  nodeKey,
  second,
  write,
  type Part,
  type Parts,
} from './testing/bundles.ts'
import { encodeTrusted, lightRules, pointAt, type LightStep } from '../consensus/light/index.ts'
import { accountsWith, certify, chainOf, genesis, genesisBytes, headerAfter, standing, turning, type Signer } from './testing/chain.ts'
import { verifyBundle, type BundleOptions, type CheckName, type ReexecutionInput } from './index.ts'

const options: BundleOptions = { trust: [genesisBytes] }
const invoke = invokeParts()
const call = callParts()

/** Names of the checks that fail. */
async function failing(file: Uint8Array, more: Partial<BundleOptions> = {}): Promise<CheckName[]> {
  const { valid, checks } = await verifyBundle(file, { ...options, ...more })
  const bad = checks.filter((c) => !c.ok).map((c) => c.name)
  expect(valid).toBe(bad.length === 0)
  expect(checks.every((c) => c.detail.length > 0 && !c.detail.includes('\n'))).toBe(true)
  return bad
}

const NAMES = [
  'container',
  'trust',
  'epochs',
  'receipt',
  'attestation',
  'header',
  'certificate',
  'anchor',
  'context',
  'node',
  'rollup',
  'module',
  'input',
  'output',
  'log',
  'witness',
  'models',
]

describe('a true bundle', () => {
  test.each([
    ['invoke', invoke],
    ['call', call],
  ] as const)('of kind %s holds in every check', async (_kind, parts) => {
    const { valid, checks } = await verifyBundle(write(parts), options)
    expect(checks.filter((c) => !c.ok)).toEqual([])
    expect(checks.map((c) => c.name)).toEqual(NAMES)
    expect(valid).toBe(true)
    expect(checks[1]?.detail).toContain('development chain')
  })

  test('holds with the context next to the anchor, with models, and with unrevealed parts under another retention', async () => {
    expect(await failing(write(invokeParts({ context: second })))).toEqual([])
    expect(await failing(write({ ...invoke, modelBytes: [modelBytes] }))).toEqual([])
    const sealed = invokeParts({ body: (b) => ({ ...b, retention: 'sealed' }) })
    expect(await failing(write({ ...sealed, input: null, output: null, log: null }))).toEqual([])
    expect(await failing(write({ ...invoke, input: null }))).toEqual(['input'])
    expect(await failing(write({ ...call, output: null }))).toEqual(['output', 'witness'])
  })

  test('carries files of several blocks', async () => {
    const big = new Uint8Array(3 * 1024 * 1024).map((_, i) => i >> 12)
    const module = big.subarray(5)
    const { fileCid, runSeed } = await import('../core/index.ts')
    const cid = fileCid(module)
    const parts = invokeParts({
      body: (b) => ({ ...b, module: cid, context: { ...b.context, seed: runSeed(first.seed, cid, b.input, b.thread, b.seq) } }),
    })
    const file = write({ ...parts, module })
    expect(await failing(file)).toEqual([])
    expect(readCar(file).blocks.length).toBeGreaterThan(12)
  })

  test('is refused without its chain, and within a trusting period that is over', async () => {
    const file = write(invoke)
    expect(await failing(file, { trust: [] })).toEqual(['trust', 'epochs', 'header', 'certificate', 'anchor', 'context', 'node', 'rollup'])
    const other = encodeGenesis({ ...genesis, name: 'another' })
    expect(await failing(file, { trust: [other] })).toContain('trust')
    expect(await failing(file, { trust: [other, genesis, utf8('no genesis')] })).toEqual([])
    const { time } = genesis
    expect(await failing(file, { now: time + 10_000, trustingPeriodMs: 10_000 })).toEqual([])
    expect(await failing(file, { now: time + 10_001, trustingPeriodMs: 10_000 })).toContain('trust')
    // a development chain has no such period by itself; no chain has blocks of the future
    expect(await failing(file, { now: time + 2_000_000_000_000 })).toEqual([])
    expect(await failing(file, { now: invoke.anchorHeader.time - 3_000 })).toEqual([])
    expect(await failing(file, { now: invoke.anchorHeader.time - 3_001 })).toContain('header')
    const rogue = { ...genesis, validators: genesis.validators.map((v) => ({ ...v, pop: genesis.validators[0]?.pop as Uint8Array })) }
    expect(await failing(write({ ...invoke, chainId: (await import('../core/index.ts')).chainIdOf(rogue) }), { trust: [rogue] })).toContain(
      'trust',
    )
  })
})

/** Another value of the same sort. */
function other(value: unknown): unknown {
  if (value instanceof Uint8Array) return Uint8Array.from(value, (b, i) => (i === value.length - 1 ? b ^ 1 : b))
  if (value instanceof CID) return cidOf(value.code, sha256(value.bytes))
  if (typeof value === 'number') return value + 1
  if (typeof value === 'bigint') return value + 1n
  if (typeof value === 'string') return { ok: 'trap', public: 'none', invoke: 'infer' }[value] ?? `${value}x`
  if (value === null) return new Uint8Array(32)
  throw new Error('no other value')
}

type Path = readonly (string | number)[]

/** Paths of all scalar fields of a structure. */
function fieldsOf(value: unknown, at: Path = []): Path[] {
  if (value === null || typeof value !== 'object' || value instanceof Uint8Array || value instanceof CID) return [at]
  const entries = Array.isArray(value) ? [...value.entries()] : Object.entries(value)
  return entries.flatMap(([key, item]) => fieldsOf(item, [...at, key]))
}

/** The structure with the field at the path changed. */
function changed<T>(value: T, [key, ...rest]: Path): T {
  if (key === undefined) return other(value) as T
  const copy = (Array.isArray(value) ? [...value] : { ...value }) as Record<string | number, unknown>
  copy[key] = changed(copy[key], rest)
  return copy as T
}

/** Fields with one value only in a well-formed file: the writer itself refuses another. */
const FIXED = new Set(['v', 'kind', 'node'])

describe('a changed field of', () => {
  const cases = (parts: Parts): [string, (parts: Parts) => Parts, CheckName[]][] => {
    const list: [string, (parts: Parts) => Parts, CheckName[]][] = []
    const all = (name: keyof Parts, expected: CheckName[]) => {
      for (const path of fieldsOf(parts[name])) {
        const label = [name, ...path].join('.')
        if (name === 'body' && FIXED.has(String(path[0])) && (path[0] !== 'node' || parts.body.kind === 'call')) continue
        list.push([label, (p) => ({ ...p, [name]: changed(p[name], path) }), expected])
      }
    }
    all('body', [parts.body.kind === 'call' ? 'anchor' : 'attestation'])
    if (parts.attestation !== null) all('attestation', ['attestation'])
    all('anchor', ['anchor', 'header', 'container'])
    all('anchorHeader', ['header', 'certificate'])
    all('anchorCertificate', ['certificate'])
    all('contextHeader', ['header', 'certificate'])
    all('contextCertificate', ['certificate'])
    if (parts.node !== null) all('node', ['node', 'container'])
    if (parts.rollup !== null) all('rollup', ['rollup', 'header', 'certificate', 'container'])
    for (const name of ['input', 'output', 'log'] as const) if (parts[name] !== null) all(name, [name, 'container'])
    list.push(['module', (p) => ({ ...p, module: other(p.module) as Uint8Array }), ['module']])
    list.push(['chainId', (p) => ({ ...p, chainId: other(p.chainId) as CID }), ['trust']])
    return list
  }

  const tables = [
    ['invoke', invoke],
    ['call', call],
  ] as const
  for (const [kind, parts] of tables) {
    test(`${kind} is found by the check of that name`, async () => {
      const list = cases(parts)
      expect(list.length).toBeGreaterThan(45)
      for (const [label, change, expected] of list) {
        let file: Uint8Array
        try {
          file = write(change(parts))
        } catch (error) {
          // A structure that has no form of bytes at all cannot be in a file.
          expect(String(error), label).toMatch(/siblings|trie|core_|dag-cbor|CID/)
          continue
        }
        const bad = await failing(file)
        expect(bad.length, label).toBeGreaterThan(0)
        expect(
          bad.some((name) => expected.includes(name)),
          `${label}: ${bad.join()} should name ${expected.join(' or ')}`,
        ).toBe(true)
      }
    })
  }

  test.each<[string, (p: Parts) => Parts, CheckName[]]>([
    ['models that the receipt does not name', (p) => ({ ...p, models: [cidOf(RAW, utf8('other'))] }), ['models']],
    ['no models', (p) => ({ ...p, models: [] }), ['models']],
    ['a model twice', (p) => ({ ...p, models: [...p.models, ...p.models] }), ['models']],
    ['no attestation', (p) => ({ ...p, attestation: null }), ['attestation', 'anchor']],
    ['no node', (p) => ({ ...p, node: null }), ['node']],
    ['no record of the thread', (p) => ({ ...p, rollup: null }), ['rollup']],
    [
      'the record of a block before the anchor',
      (p) => ({ ...p, rollup: p.rollup && { ...p.rollup, header: second, certificate: certify(second) } }),
      ['rollup'],
    ],
    ['no body of the answer', (p) => ({ ...p, output: p.output && { ...p.output, files: [] } }), ['output']],
    ['a file that nothing names', (p) => ({ ...p, log: p.log && { ...p.log, files: [utf8('extra')] } }), ['log']],
    ['a file twice', (p) => ({ ...p, input: p.input && { ...p.input, files: [...p.input.files, ...p.input.files] } }), ['input']],
    ['the certificate of another block', (p) => ({ ...p, anchorCertificate: p.contextCertificate }), ['certificate']],
    ['another context block', (p) => ({ ...p, contextHeader: second, contextCertificate: certify(second) }), ['context']],
    ['the witness of a call', (p) => ({ ...p, witness: call.witness }), ['witness']],
    ['input and output exchanged', (p) => ({ ...p, input: p.output, output: p.input }), ['input', 'output']],
  ])('a bundle with %s fails there', async (_what, change, expected) => {
    expect(await failing(write(change(invoke)))).toEqual(expected)
  })

  test.each<[string, (w: CallWitness) => CallWitness | null]>([
    ['no witness', () => null],
    ['a witness of another block', (w) => ({ ...w, height: w.height + 1 })],
    ['a witness of another time', (w) => ({ ...w, time: w.time + 1 })],
    ['a witness of another chain', (w) => ({ ...w, chainId: 'b' })],
    ['a witness with less gas than was used', (w) => ({ ...w, gasLimit: 776n })],
    ['a witness of other changes', (w) => ({ ...w, changes: sha256(utf8('other')) })],
  ])('a call with %s fails there', async (_what, change) => {
    expect(await failing(write({ ...call, witness: change(call.witness as CallWitness) }))).toEqual(['witness'])
  })

  test('a call with a node, an attestation or a log shown fails there', async () => {
    const attestation = invoke.attestation as Attestation
    expect(await failing(write({ ...call, attestation }))).toEqual(['attestation'])
    expect(await failing(write({ ...call, node: invoke.node }))).toEqual(['node'])
    expect(await failing(write({ ...call, log: invoke.log }))).toEqual(['log'])
  })
})

describe('a dishonest node whose receipt is attested and anchored all the same', () => {
  const late: [string, (body: RunBody) => RunBody, CheckName[]][] = [
    ['a seed of its choice', (b) => ({ ...b, context: { ...b.context, seed: sha256(utf8('chosen')) } }), ['context']],
    ['a number that gives another seed', (b) => ({ ...b, seq: b.seq + 1 }), ['attestation', 'context']],
    ['a time before its block', (b) => ({ ...b, context: { ...b.context, time: first.time - 1 } }), ['context']],
    ['a time after the anchor', (b) => ({ ...b, context: { ...b.context, time: invoke.anchorHeader.time + 1 } }), ['context']],
    ['a block that is not shown', (b) => ({ ...b, context: { ...b.context, height: 2 } }), ['context']],
    ['another chain', (b) => ({ ...b, context: { ...b.context, chainId: cidOf(DAG_CBOR, utf8('x')) } }), ['receipt']],
    ['an unknown protocol', (b) => ({ ...b, protocol: 99 }), ['receipt']],
  ]
  test.each(late)('with %s is found', async (_what, body, expected) => {
    expect(await failing(write(invokeParts({ body })))).toEqual(expect.arrayContaining(expected))
  })

  test.each([
    [ROLLUP.contextBlocks, []],
    [ROLLUP.contextBlocks + 1, ['context']],
  ])('with a block %i before its anchor: what was anchored late could be made today and dated back', async (blocks, expected) => {
    const { file, genesis } = anchoredAfter(blocks)
    const { checks } = await verifyBundle(file, { trust: [genesis] })
    expect(checks.filter((c) => !c.ok).map((c) => c.name)).toEqual(expected)
    if (expected.length > 0) expect(checks.find((c) => c.name === 'context')?.detail).toMatch(/^late: anchored 601 blocks after block 1,/)
  })

  const called: [string, (body: CallBody) => CallBody, CheckName][] = [
    ["a time that is not its block's", (b) => ({ ...b, context: { ...b.context, time: b.context.time + 1 } }), 'context'],
    ['a seed of its choice', (b) => ({ ...b, context: { ...b.context, seed: sha256(utf8('chosen')) } }), 'context'],
    ['a world that is no contract', (b) => ({ ...b, world: 'function' }), 'receipt'],
  ]
  test.each(called)('a call with %s is found, whoever certified it', async (_what, body, expected) => {
    expect(await failing(write(callParts(body)))).toContain(expected)
  })

  test('that is not registered, or not as this key, is found', async () => {
    const unregistered = accountsWith(nodeKey, { ...account, node: null })
    expect(await failing(write(invokeParts({ accounts: unregistered })))).toEqual(['node'])
    const otherKey = accountsWith(nodeKey, { ...account, node: { key: genesis.validators[0]?.key as Uint8Array, role: 'validator' } })
    expect(await failing(write(invokeParts({ accounts: otherKey })))).toEqual(['node'])
    const richer = { ...invoke, node: { account: encodeAccount({ ...account, balance: 6n }), proof: accounts.proof } }
    expect(await failing(write(richer))).toEqual(['node'])
  })

  test('that signs a batch of another thread, or hides its predecessor, is found', async () => {
    expect(await failing(write(invokeParts({ batch: (b) => ({ ...b, thread: 2 }) })))).toEqual(['attestation'])
    expect(await failing(write(invokeParts({ batch: (b) => ({ ...b, prev: new Uint8Array(32) }) })))).toEqual(['attestation'])
    expect(await failing(write(invokeParts({ batch: (b) => ({ ...b, size: 5000 }) })))).toEqual(['attestation'])
    expect(await failing(write(invokeParts({ batch: (b) => ({ ...b, node: sha256(utf8('another')) }) })))).toEqual(['attestation'])
  })

  test('that names the block which anchors it, and a call that names another than its own, is found', async () => {
    const third = headerAfter(second)
    const run = invokeParts({ context: third, body: (b) => ({ ...b, context: { ...b.context, time: third.time } }) })
    const same = { contextHeader: run.anchorHeader, contextCertificate: run.anchorCertificate }
    expect(await failing(write({ ...run, ...same }))).toEqual(['context'])
    const earlier = (b: CallBody): CallBody => ({
      ...b,
      context: { ...b.context, height: second.height, time: second.time, seed: callSeed(second.seed, b.tx) },
    })
    const before = { contextHeader: second, contextCertificate: certify(second) }
    expect(await failing(write({ ...callParts(earlier), ...before }))).toContain('context')
  })
})

describe('what is opened', () => {
  const reopened = (parts: Parts, name: 'input' | 'output' | 'log', opening: unknown): Parts => {
    const part = parts[name] as Part
    const bytes = cborBlock(opening as Cbor).bytes
    const bound = openingDigest(name, part.salt, bytes)
    return { ...parts, [name]: { ...part, opening: bytes }, body: { ...parts.body, [name]: bound } }
  }

  test('of an inference is what it committed to: model, arithmetic, inputs and outputs', async () => {
    expect(await failing(write(inferParts()))).toEqual([])
    const other: TensorHead = ['x', 'u8', [5], sha256(utf8('other'))]
    const lies: Partial<Commitment>[] = [
      { inputs: [other] },
      { inputs: [] },
      { outputs: [other] },
      { arithmetic: 'exact:other' },
      { model: call.body.module },
    ]
    for (const lie of lies) expect([lie, await failing(write(inferParts(lie)))]).toEqual([lie, ['output']])
  })

  test('of an inference comes with the data of each tensor', async () => {
    const parts = inferParts()
    const less = (part: Part | null): Part => ({ ...(part as Part), files: (part as Part).files.slice(1) })
    expect(await failing(write({ ...parts, input: less(parts.input) }))).toContain('input')
    expect(await failing(write({ ...parts, output: less(parts.output) }))).toContain('output')
  })

  test('of an answer without a body needs no file for it', async () => {
    const bodiless = { ...invoke, output: { ...(invoke.output as Part), files: [] } }
    const empty = reopened(bodiless, 'output', [204, [], sha256(new Uint8Array(0))])
    expect(await failing(write(empty))).not.toContain('output')
    expect(await failing(write(bodiless))).toContain('output')
  })

  test('of an inference names a commitment that is one', async () => {
    const empty = sha256(new Uint8Array(0))
    const parts = inferParts()
    const heads: TensorHead[] = [['y', 'u8', [4], sha256(utf8('made'))]]
    const output = { ...(parts.output as Part), files: (parts.output as Part).files.slice(0, 1) }
    const lying = reopened({ ...parts, output }, 'output', [heads, empty])
    const { checks } = await verifyBundle(
      write({
        ...lying,
        body: { ...lying.body, models: [{ model: cidOf(RAW, modelBytes), arithmetic: 'exact:test', root: empty }] } as RunBody,
      }),
      options,
    )
    expect(checks.find(({ name }) => name === 'output')).toMatchObject({ ok: false, detail: 'the opening names no commitment' })
  })

  test('of an inference names the commitment that its receipt names', async () => {
    const { checks } = await verifyBundle(write(inferParts({}, sha256(utf8('another commitment')))), options)
    expect(checks.find(({ name }) => name === 'output')).toMatchObject({
      ok: false,
      detail: 'the opening names another commitment than the receipt',
    })
  })

  test('of a call has the salts that follow from its transaction', async () => {
    const salt = sha256(utf8('another salt'))
    const parts = callParts((body) => ({ ...body, input: openingDigest('input', salt, (call.input as Part).opening) }))
    expect(await failing(write({ ...parts, input: { ...(call.input as Part), salt } }))).toEqual(['input'])
  })

  test.each<[string, Parts, 'input' | 'output' | 'log', unknown]>([
    ['a call without a list of arguments', call, 'input', ['transfer', 5]],
    ['a call of another export', call, 'input', ['other', []]],
    ['a call of no export', call, 'input', [5, []]],
    ['a call whose changes are no digest', call, 'output', ['ok', utf8('short')]],
    ['a call with more than its changes', call, 'output', ['ok', sha256(utf8('changes')), 'more']],
    ['a request without a method', invoke, 'input', [5, '/', [], sha256(utf8('{"q":1}'))]],
    ['a request with a fifth part', invoke, 'input', ['POST', '/', 'x', [], sha256(utf8('{"q":1}'))]],
    ['a request with a header whose name is none', invoke, 'input', ['POST', '/', [[5, utf8('y')]], sha256(utf8('{"q":1}'))]],
    ['a request with a header of three parts', invoke, 'input', ['POST', '/', [['x', utf8('y'), 'z']], sha256(utf8('{"q":1}'))]],
    ['a log that is no list', { ...invoke, log: { ...(invoke.log as Part), files: [] } }, 'log', 'said'],
    ['an answer without a status', invoke, 'output', ['200', [], sha256(answerBody)]],
    ['an answer whose body is no digest', invoke, 'output', [200, [], utf8('short')]],
    ['a request without a path', invoke, 'input', ['POST', 5, [], sha256(utf8('{"q":1}'))]],
    ['a request with a header that is none', invoke, 'input', ['POST', '/', [['x']], sha256(utf8('{"q":1}'))]],
    ['an answer with a value that is text', invoke, 'output', [200, [['x', 'y']], sha256(answerBody)]],
  ])('has the shape of its kind: not %s', async (_what, parts, name, opening) => {
    // what is checked of the shape is told by the check of the part; the receipt with it is another one
    const { checks } = await verifyBundle(write(reopened(parts, name, opening)), options)
    expect(checks.find((check) => check.name === name)).toMatchObject({
      ok: false,
      detail: expect.not.stringContaining('bound to') as string,
    })
  })
})

describe('a header', () => {
  const headers: [string, Partial<Header>][] = [
    ['another validator set', { power: sha256(utf8('set')) }],
    ['a unit beyond the line', { kappa: 4 }],
    ['a proposer that does not own the unit', { proposer: nodeKey }],
    ['an unknown protocol', { protocol: 7 }],
  ]
  test.each(headers)('with %s is refused although it is certified', async (_what, header) => {
    expect(await failing(write(invokeParts({ header })))).toContain('header')
  })

  test('next to the context must follow it: parent, seed and draw', async () => {
    for (const header of [
      { parent: sha256(utf8('x')) },
      { seed: sha256(utf8('x')) },
      { vrfProof: new Uint8Array(80) },
      { time: second.time },
    ]) {
      expect(await failing(write(invokeParts({ context: second, header })))).toContain('header')
    }
  })

  test('is of the round in which its proposer was drawn, and younger than the genesis', async () => {
    const drawn = invoke.anchorHeader.kappa
    const round = [1, 2, 3, 4, 5, 6, 7, 8].find((r) => kappaOf(second.seed, r, 4) !== drawn)
    expect(round).toBeDefined()
    expect(await failing(write(invokeParts({ context: second, header: { round: round as number } })))).toContain('header')
    expect(await failing(write(invokeParts({ header: { time: genesis.time } })))).toContain('header')
  })

  test('of the height of a trusted block is that block', async () => {
    const trusted = headerAfter(second, { receiptRoot: sha256(utf8('another block')) })
    const checkpoints = [encodeTrusted(pointAt(lightRules(genesis), trusted, standing.setAt(4)))]
    expect(await failing(write({ ...call, from: headerHash(trusted) }), { checkpoints })).toContain('header')
    const own = [encodeTrusted(pointAt(lightRules(genesis), call.anchorHeader, standing.setAt(4)))]
    expect(await failing(write({ ...call, from: headerHash(call.anchorHeader) }), { checkpoints: own })).toEqual([])
  })

  test('certified by two thirds of the power or less is not final', async () => {
    expect(await failing(write({ ...invoke, anchorCertificate: certify(invoke.anchorHeader, [1, 2]) }))).toEqual(['certificate'])
    expect(await failing(write({ ...invoke, anchorCertificate: certify(invoke.anchorHeader, [0]) }))).toEqual(['certificate'])
    expect(await failing(write({ ...invoke, anchorCertificate: certify(invoke.anchorHeader, [0, 1, 2], 4) }))).toEqual([])
  })
})

describe('the file', () => {
  const file = write(call)

  test('fails with any bit of any byte flipped', async () => {
    for (let at = 0; at < file.length; at++) {
      const spoilt = Uint8Array.from(file)
      spoilt[at] = (spoilt[at] as number) ^ (1 << (at % 8))
      const { valid } = await verifyBundle(spoilt, options)
      expect(valid, `byte ${at}`).toBe(false)
    }
  })

  test('fails cut anywhere, and with bytes or blocks added, exchanged or repeated', async () => {
    for (let cut = 0; cut < file.length; cut++) expect((await verifyBundle(file.subarray(0, cut), options)).valid, `cut ${cut}`).toBe(false)
    for (const extra of [[0], [1, 0], [...file]]) expect(await failing(concatBytes(file, Uint8Array.from(extra)))).toEqual(['container'])
    const { roots, blocks } = readCar(file)
    const more = { cid: cidOf(RAW, utf8('x')), bytes: utf8('x') }
    const [top, ...rest] = blocks
    expect(await failing(writeCar(roots, blocks))).toEqual([])
    expect(await failing(writeCar(roots, [...blocks, more]))).toEqual(['container'])
    expect(await failing(writeCar(roots, [...blocks, blocks[1] as typeof more]))).toEqual(['container'])
    expect(await failing(writeCar(roots, [top as typeof more, ...rest.toReversed()]))).toEqual(['container'])
    expect(await failing(writeCar([...roots, more.cid], blocks))).toEqual(['container'])
    expect(await failing(writeCar([], blocks))).toEqual(['container'])
    for (let i = 0; i < blocks.length; i++) expect(await failing(writeCar(roots, blocks.toSpliced(i, 1)))).toEqual(['container'])
  })

  test('unfolds into no more than a file may hold, however often its files share a block', () => {
    const block = (bytes: Uint8Array) => ({ cid: cidOf(RAW, bytes), bytes })
    const leaf = block(new Uint8Array(LIMITS.fileChunkBytes))
    const child = { cid: leaf.cid, size: leaf.bytes.length, total: leaf.bytes.length }
    const large = fileNode(Array.from({ length: LIMITS.carBytes / leaf.bytes.length - 1 }, () => child))
    const whole = write(invoke)
    const { root } = readBundleFile(whole)
    const others = readCar(whole).blocks.slice(1)
    const room = LIMITS.carBytes - large.size - others.reduce((n, { bytes }) => n + bytes.length, 0)
    const unfolding = (last: number): Uint8Array => {
      const file = block(new Uint8Array(last))
      const log = { ...(root.log as NonNullable<BundleRoot['log']>), files: [large.cid, file.cid] }
      const top = cborBlock(bundleCbor({ ...root, log }))
      return writeCar([top.cid], [top, ...others, large, leaf, file])
    }
    expect(readBundleFile(unfolding(room)).root.log?.files).toHaveLength(2)
    expect(() => readBundleFile(unfolding(room + 1))).toThrow(expect.objectContaining({ code: 'core_too_large' }))
  })

  test('may be anything else: the verdict says so', async () => {
    for (const bytes of [new Uint8Array(0), utf8('{"id":1}'), new Uint8Array(1000), 'text' as unknown as Uint8Array])
      expect(await failing(bytes)).toEqual(['container'])
    const { root } = readBundleFile(file)
    const unknown = cborBlock({ ...(bundleCbor(root) as object), extra: 1 } as never)
    expect(await failing(writeCar([unknown.cid], [unknown, ...readCar(file).blocks.slice(1)]))).toEqual(['container'])
    const wrong: BundleRoot = { ...root, receipt: root.module }
    const top = cborBlock(bundleCbor(wrong))
    expect((await failing(writeCar([top.cid], [top, ...readCar(file).blocks.slice(1)])))[0]).toBe('container')
  })
})

/** A bundle in block 3 of a chain whose set is another in each epoch of two blocks: the context in epoch 0, the anchor in epoch 1. */
function turned(options: Parameters<typeof invokeParts>[0] = {}): Parts {
  const one = turning.headerAfter(null)
  const two = turning.headerAfter(one)
  const step = { header: two, certificate: turning.certify(two), delta: powerDelta(turning.setAt(2), turning.setAt(3)) }
  return invokeParts({ ...options, on: { chain: turning, first: one, second: two, epochs: [step] } })
}

describe('the epoch chain of a bundle (W-BUS-1)', () => {
  const trust = [turning.genesis]
  const parts = turned()

  test('leads from the genesis to the set that certifies the anchor, which is another', async () => {
    const { valid, checks } = await verifyBundle(write(parts), { trust })
    expect(checks.filter((c) => !c.ok)).toEqual([])
    expect(valid).toBe(true)
    expect(checks.find((c) => c.name === 'epochs')?.detail).toBe('1 steps to epoch 1: 3 validators')
    // its last step may be the context block, and the anchor may end its epoch
    expect(await failing(write(turned({ context: parts.epochs[0]?.header as Header })), { trust })).toEqual([])
  })

  test('is missing, broken, of another order or too old: the check of that name fails', async () => {
    const [step] = parts.epochs as [LightStep]
    const late = turning.headerAfter(parts.anchorHeader)
    const second: LightStep = { header: late, certificate: turning.certify(late), delta: powerDelta(turning.setAt(4), turning.setAt(5)) }
    expect(await failing(write({ ...parts, epochs: [] }), { trust })).toContain('header')
    expect(await failing(write({ ...parts, epochs: [second] }), { trust })).toContain('epochs')
    expect(await failing(write({ ...parts, epochs: [step, step] }), { trust })).toContain('epochs')
    expect(await failing(write({ ...parts, epochs: [second, step] }), { trust })).toContain('epochs')
    expect(await failing(write({ ...parts, epochs: [step, second] }), { trust })).toEqual([])
    for (const path of fieldsOf(step)) {
      const label = path.join('.')
      let file: Uint8Array
      try {
        file = write({ ...parts, epochs: [changed(step, path)] })
      } catch (error) {
        expect(String(error), label).toMatch(/core_|dag-cbor|CID/)
        continue
      }
      expect((await failing(file, { trust }))[0], label).toMatch(/container|epochs/)
    }
    const { time } = turning.genesis
    expect(await failing(write(parts), { trust, now: time + 5_000, trustingPeriodMs: 5_000 })).toEqual([])
    expect(await failing(write(parts), { trust, now: time + 5_001, trustingPeriodMs: 5_000 })).toContain('trust')
  })

  test('begins at a block that the user trusts, and at no other', async () => {
    const two = parts.epochs[0]?.header as Header
    const point = encodeTrusted(pointAt(lightRules(turning.genesis), two, turning.setAt(3)))
    const other = encodeTrusted(pointAt(lightRules(turning.genesis), parts.anchorHeader, turning.setAt(4)))
    const file = write({ ...turned({ context: two }), from: headerHash(two), epochs: [] })
    // what is below the root of trust cannot be shown: the context is the trusted block itself, certified by the set before
    expect(await failing(file, { trust, checkpoints: [other, utf8('x'), point] })).toContain('header')
    const three = parts.anchorHeader
    const four = turning.headerAfter(three)
    const step: LightStep = { header: four, certificate: turning.certify(four), delta: powerDelta(turning.setAt(4), turning.setAt(5)) }
    const later = invokeParts({ context: three, on: { chain: turning, first: three, second: four, epochs: [step] } })
    const laterFile = write({ ...later, from: headerHash(two) })
    expect(await failing(laterFile, { trust, checkpoints: [other, utf8('x'), point] })).toEqual([])
    expect(await failing(laterFile, { trust, checkpoints: [other] })).toContain('trust')
    expect(await failing(laterFile, { trust })).toContain('trust')
    const now = two.time + 5_000
    expect(await failing(laterFile, { trust, checkpoints: [point], now, trustingPeriodMs: 5_000 })).toEqual([])
    expect(await failing(laterFile, { trust, checkpoints: [point], now: now + 1, trustingPeriodMs: 5_000 })).toContain('trust')
  })

  test('the node is registered with power, a bond, or in a development chain', async () => {
    const detail = async (p: Parts, of: Genesis): Promise<string | undefined> => {
      const { checks } = await verifyBundle(write(p), { trust: [of] })
      return checks.find((c) => c.name === 'node')?.detail
    }
    expect(await detail(parts, turning.genesis)).toContain('development chain, without power or a bond')
    const bonded = accountsWith(nodeKey, { ...account, bond: 7n })
    expect(await detail(turned({ accounts: bonded }), turning.genesis)).toContain('a bond of 7')
    const serious = chainOf([turning.signersAt(1)], { dev: false, name: 'serious' })
    const one = serious.headerAfter(null)
    const on = { chain: serious, first: one, second: serious.headerAfter(one), epochs: [] }
    expect(await failing(write(invokeParts({ on })), { trust: [serious.genesis] })).toEqual(['node'])
    expect(await failing(write(invokeParts({ on, accounts: bonded })), { trust: [serious.genesis] })).toEqual([])
    const [member] = serious.signersAt(1) as [Signer]
    const key = serious.setAt(1)[0]?.key as Uint8Array
    const accounts = accountsWith(key, { ...account, node: { key, role: 'validator' } })
    const own = invokeParts({ on, accounts, node: member.secret })
    expect(await failing(write(own), { trust: [serious.genesis] })).toEqual([])
    expect(await detail(own, serious.genesis)).toContain('with 2 power in epoch 0')
  })
})

describe('re-execution', () => {
  const file = write(invoke)
  const honest = async (input: ReexecutionInput) => ({ status: input.body.status, gas: input.body.gas, output: input.output.opening })

  test('is asked for with everything the run depended on', async () => {
    let seen: ReexecutionInput | undefined
    expect(await failing(file, { reexecute: async (input) => ((seen = input), honest(input)) })).toEqual([])
    expect(equalBytes(seen?.module as Uint8Array, invoke.module)).toBe(true)
    expect([...(seen?.output.files.values() ?? [])]).toEqual([answerBody])
    expect(seen?.context.height).toBe(1)
    expect(seen?.log?.opening).toEqual(invoke.log?.opening)
  })

  test('that differs in status, gas or output, that throws, or that cannot be done, fails', async () => {
    expect(await failing(file, { reexecute: async (i) => ({ ...(await honest(i)), status: 'trap' }) })).toEqual(['reexecution'])
    expect(await failing(file, { reexecute: async (i) => ({ ...(await honest(i)), gas: 1n }) })).toEqual(['reexecution'])
    expect(await failing(file, { reexecute: async (i) => ({ ...(await honest(i)), output: utf8('other') }) })).toEqual(['reexecution'])
    expect(await failing(file, { reexecute: () => Promise.reject(new Error('no host')) })).toEqual(['reexecution'])
    const sealed = invokeParts({ body: (b) => ({ ...b, retention: 'sealed' }) })
    expect(await failing(write({ ...sealed, input: null }), { reexecute: honest })).toEqual(['reexecution'])
    expect(await failing(write({ ...sealed, log: null }), { reexecute: honest })).toEqual(['reexecution'])
  })
})

describe('a spoilt block', () => {
  const spoil = (file: Uint8Array, index: number): Uint8Array => {
    const { blocks } = readCar(file)
    const block = blocks[index] as (typeof blocks)[number]
    const bytes = Uint8Array.from(file)
    const at = block.bytes.byteOffset - file.byteOffset + (block.bytes.length >> 1)
    bytes[at] = (bytes[at] as number) ^ 1
    return bytes
  }
  const detail = async (file: Uint8Array): Promise<string> => (await verifyBundle(file, options)).checks[0]?.detail ?? ''

  test('is named by the part that it belongs to', async () => {
    const file = write(invoke)
    const names: string[] = []
    for (let i = 0; i < readCar(file).blocks.length; i++)
      names.push(/^the (.*) is not what it was/.exec(await detail(spoil(file, i)))?.[1] ?? 'nothing')
    expect(names).toEqual([
      'bundle root',
      'receipt',
      'header of the anchor block',
      'certificate of the anchor block',
      'header of the context block',
      'certificate of the context block',
      'module',
      'input opening',
      'file of the input',
      'output opening',
      'file of the output',
      'log opening',
    ])
  })
})
