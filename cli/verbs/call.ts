/** `utnet call`: a transaction signed by the user's key; waits for its final block. */
import { UtnetError, witFromJson, type WitFunction } from '../../runtime/core/index.ts'
import { jsonArgument } from '../input/index.ts'
import { callAndWait, contractOf } from '../chain/index.ts'
import { textFlag, type Verb } from '../verb.ts'

function encodeArguments(signature: WitFunction, args: readonly unknown[]): ReturnType<typeof witFromJson>[] {
  if (args.length !== signature.params.length) {
    throw new UtnetError('value_mismatch', `${signature.name} takes ${signature.params.length} arguments, got ${args.length}`)
  }
  return signature.params.map((p, i) => witFromJson(p.type, args[i], `args[${i}] (${p.name})`))
}

export const call: Verb = {
  name: 'call',
  usage: 'call NAME EXPORT [JSON...] [--gas N]',
  summary: 'a signed transaction; waits for finality: {result, gas, receipt, height}',
  options: { gas: { type: 'string', whole: [0n, 2n ** 64n - 1n] } },
  positionals: [2, 66],
  async run(context) {
    const [name, entry, ...rest] = context.args as [string, string, ...string[]]
    const gas = textFlag(context, 'gas')
    const api = context.node()
    const guest = await api.guest(name)
    const to = contractOf(guest)
    const signature = guest.exports.find((e) => e.name === entry)?.signature
    if (signature === undefined)
      throw new UtnetError(
        'guest_export_not_found',
        `${name} has no export ${entry}; it has ${guest.exports.map((e) => e.name).join(', ')}`,
      )
    const payload = { kind: 'call', to, export: entry, args: encodeArguments(signature, rest.map(jsonArgument)) } as const
    const view = await callAndWait(api, payload, gas === undefined ? undefined : BigInt(gas))
    const { result, gas: used, paid, receipt, height, hash, status, events, message, at, line } = view
    context.print({
      result: result ?? null,
      gas: used,
      paid,
      receipt,
      height,
      hash,
      status,
      events,
      ...(message === undefined ? {} : { message }),
      ...(at === undefined ? {} : { at }),
      ...(line === undefined ? {} : { line }),
    })
    if (status === 'ok') return 0
    context.say(
      `the call ended as ${status}${message === undefined ? '' : `: ${message}`}${line === undefined ? '' : ` at ${line}`}\n  next: utnet replay ${receipt} --trace`,
    )
    return 1
  },
}
