/** `utnet inspect`: what the validator sees, or its coded refusal. */
import { readInput } from '../input/index.ts'
import { writeOutput } from '../output/index.ts'
import { loadRuntime } from '../runtime.ts'
import { textFlag, type Verb } from '../verb.ts'

export const inspect: Verb = {
  name: 'inspect',
  usage: 'inspect FILE [--prepared OUT]',
  summary: 'what the validator sees in a component or core module',
  options: { prepared: { type: 'string' } },
  positionals: [1, 1],
  async run(context) {
    const { inspectGuest, preparedModules } = await loadRuntime()
    const bytes = readInput(context.args[0] as string)
    const out = textFlag(context, 'prepared')
    const description = inspectGuest(bytes)
    if (out === undefined) {
      context.print(description)
      return 0
    }
    const files = preparedModules(bytes).map((module, i) => {
      const file = i === 0 ? out : out.replace(/(\.wasm)?$/, `.${i}$1`)
      writeOutput(file, module)
      return file
    })
    context.print({ ...description, prepared: files })
    return 0
  },
}
