/** `utnet verify transcript`: who lost a dispute, and why, found out again without a node or a network. */
import { existsSync, readFileSync } from 'node:fs'
import { UtnetError } from '../../runtime/core/index.ts'
import { loadRuntime } from '../runtime.ts'
import { textFlag, type VerbContext } from '../verb.ts'

function bytesOf(file: string): Uint8Array {
  if (!existsSync(file)) throw new UtnetError('usage', `there is no file ${file}`)
  return new Uint8Array(readFileSync(file))
}

/** Exit code: 0 only if every check holds. */
export async function verifyTranscript(context: VerbContext, file: string): Promise<number> {
  const { checkTranscript } = await loadRuntime()
  const model = textFlag(context, 'model')
  const operators = textFlag(context, 'operators')
  const { valid, checks, outcome, ran } = await checkTranscript(bytesOf(file), {
    ...(model === undefined ? {} : { model: bytesOf(model) }),
    ...(operators === undefined ? {} : { operators: bytesOf(operators) }),
  })
  context.print({
    valid,
    checks,
    ...(outcome === undefined ? {} : { losers: outcome.losers, reason: outcome.reason }),
    ...(ran ? { ran } : {}),
  })
  for (const bad of checks.filter((c) => !c.ok)) context.say(`${bad.name}: ${bad.detail}`)
  if (checks.some((c) => c.name === 'model' && !c.ok)) context.say('  next: utnet verify transcript FILE --model MODEL.onnx')
  return valid ? 0 : 1
}
