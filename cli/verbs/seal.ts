/** `utnet seal`: encrypts a component for the chips that may run it. */
import { randomBytes } from 'node:crypto'
import { join, resolve } from 'node:path'
import { fileCid, formatChipKey, parseChipKey, parseCid, UtnetError } from '../../runtime/core/index.ts'
import { componentOf } from '../input/index.ts'
import { writeOutput } from '../output/index.ts'
import { loadRuntime } from '../runtime.ts'
import { listFlag, textFlag, type Verb } from '../verb.ts'

export const seal: Verb = {
  name: 'seal',
  usage: 'seal FILE|DIR [--for x25519:HEX]... [--chain CHAINID] [-o FILE]',
  summary: 'encrypt a function or operator for the chips that may run it; without --for, for that of --node',
  options: { for: { type: 'string', multiple: true }, chain: { type: 'string' }, output: { type: 'string', short: 'o' } },
  positionals: [1, 1],
  async run(context) {
    const path = context.args[0] as string
    const { sealGuest, validateGuest } = await loadRuntime()
    const { component, name } = await componentOf(path)
    const { world } = validateGuest(component)
    if (world === 'contract')
      throw new UtnetError('guest_world', 'a contract cannot be sealed: every validator runs it', {
        hint: 'seal a function or an operator',
      })
    const named = listFlag(context, 'for').map((key) => parseChipKey(key, '--for'))
    const chips = named.length > 0 ? named : [parseChipKey((await context.node().info()).chipKey)]
    const chain = textFlag(context, 'chain')
    const sealed = await sealGuest({
      component,
      world,
      chips,
      ...(chain === undefined ? {} : { chain: parseCid(chain, '--chain') }),
      random: (length) => Uint8Array.from(randomBytes(length)),
    })
    const file = resolve(textFlag(context, 'output') ?? (name === undefined ? `${path}.sealed` : join(path, `${name}.sealed`)))
    writeOutput(file, sealed)
    context.print({ file, world, module: fileCid(sealed).toString(), chips: chips.map(formatChipKey), bytes: sealed.length })
    return 0
  },
}
