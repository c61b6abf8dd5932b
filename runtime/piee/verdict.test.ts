import { expect, test } from 'vitest'
import { digest, utf8, type Evidence, type Verdict } from '../core/index.ts'
import { verifyEd25519 } from '../crypto/index.ts'
import { receiptOf, signerOf } from './testing/kit.ts'
import { openVerdict, signVerdict } from './index.ts'

const root = digest('test', utf8('root'))
const evidence: Evidence = {
  kind: 'reexec',
  model: receiptOf('model'),
  entry: 2,
  operator: 'Add',
  inputs: [root],
  outputs: [root],
  arithmetic: 'exact:x',
  computed: [root],
  at: null,
}
const found: Omit<Verdict, 'verifier' | 'evidence'> = { receipt: receiptOf('r'), entry: 2, beacon: root, class: 'exact', result: 'same' }

test('U2.3-PIEE-3 a verdict is signed, and bound to its evidence: no byte of either can be another', () => {
  const signed = signVerdict(signerOf('verifier'), found, evidence)
  expect(openVerdict(signed, verifyEd25519)).toMatchObject({ verdict: { ...found, verifier: signerOf('verifier').key }, evidence })
  for (const part of ['verdict', 'sig', 'evidence'] as const)
    for (let i = 0; i < signed[part].length; i += 3) {
      const bent = { ...signed, [part]: signed[part].map((b, at) => (at === i ? b ^ 4 : b)) }
      expect(() => openVerdict(bent, verifyEd25519)).toThrow(expect.objectContaining({ name: 'UtnetError' }))
    }
})

test('evidence that does not say what the verdict says, or is of a kind that nobody checks', () => {
  const signer = signerOf('verifier')
  const refused = (verdict: typeof found, of: Evidence, code: string): void =>
    expect(() => openVerdict(signVerdict(signer, verdict, of), verifyEd25519)).toThrow(expect.objectContaining({ code }))
  refused({ ...found, entry: 3 }, evidence, 'evidence_invalid')
  refused({ ...found, result: 'different' }, evidence, 'evidence_invalid')
  refused(found, { ...evidence, at: [0, 0] }, 'evidence_invalid')
  refused(found, { kind: 'tee', platform: 'nitro', quote: root }, 'evidence_unsupported')
  refused(found, { kind: 'zk', system: 'groth16', key: root, publicInputs: root, proof: root }, 'evidence_unsupported')
})
