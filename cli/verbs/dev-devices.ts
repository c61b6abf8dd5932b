/** Which devices `utnet dev` runs models on: flags over the environment. */
import { UtnetError } from '../../runtime/core/index.ts'
import type { DevNodeOptions } from '../../runtime/node/index.ts'
import { environment } from '../settings/index.ts'
import { textFlag, type VerbContext } from '../verb.ts'

export type DevicesAsked = Pick<DevNodeOptions, 'devices' | 'gpu' | 'remote' | 'prices'>

export const DEVICE_USAGE = '[--devices ID,...] [--gpu PROVIDER] [--remote URL[=MODEL,...]] [--recheck] [--prices ID=N,...]'

export const DEVICE_FLAGS = {
  devices: { type: 'string' },
  gpu: { type: 'string' },
  remote: { type: 'string' },
  recheck: { type: 'boolean' },
  prices: { type: 'string' },
} as const

/** What the flags, or `UTNET_DEVICES`, `UTNET_GPU`, `UTNET_REMOTE` and `UTNET_PRICES`, ask for. Throws `usage`; ids and providers are checked where they are used. */
export function devicesAsked(context: VerbContext): DevicesAsked {
  const devices = setting(context, 'devices')
  const gpu = setting(context, 'gpu')
  const remote = setting(context, 'remote')
  const prices = setting(context, 'prices')
  const recheck = context.flags['recheck'] === true
  if (recheck && remote === undefined) throw new UtnetError('usage', '--recheck is of --remote, which is not given')
  return {
    ...(devices === undefined ? {} : { devices: listOf(devices) }),
    ...(gpu === undefined ? {} : { gpu }),
    ...(remote === undefined ? {} : { remote: { ...serverOf(remote), recheck } }),
    ...(prices === undefined ? {} : { prices: pricesOf(prices) }),
  }
}

function setting(context: VerbContext, name: string): string | undefined {
  const flag = textFlag(context, name)
  return flag === '' ? undefined : (flag ?? environment(`UTNET_${name.toUpperCase()}`))
}

const listOf = (text: string): string[] => text.split(',').map((item) => item.trim())

/** `http://host:8000`, or `http://host:8000=cls,rec`: models that the server has under the names that this node gives them. */
function serverOf(text: string): { readonly url: string; readonly models?: readonly string[] } {
  const at = text.indexOf('=')
  return at < 0 ? { url: text } : { url: text.slice(0, at), models: listOf(text.slice(at + 1)) }
}

function pricesOf(text: string): Readonly<Record<string, number>> {
  const prices = listOf(text).map((item): [string, number] => {
    const found = /^([a-z-]{1,40})=(\d{1,7})$/.exec(item)
    if (found === null) throw new UtnetError('usage', `--prices must be ID=N,..., got ${text.slice(0, 80)}`)
    return [found[1] as string, Number(found[2])]
  })
  return Object.fromEntries(prices)
}
