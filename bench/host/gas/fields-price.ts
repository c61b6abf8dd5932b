/** Looks through fields of wasi:http, and copies of them: as many fields as a header may have, each as small as can be. */
import { PARAMS } from '../../../runtime/core/index.ts'
import { Fields } from '../../../runtime/host/http/index.ts'
import { stopwatch } from './clock.ts'
import type { HostPrice } from './host-prices.ts'

const COUNT = 490
const TIMES = 200

const timed = (what: () => unknown): number => {
  const kept: unknown[] = []
  const watch = stopwatch()
  for (let i = 0; i < TIMES; i++) kept.push(what())
  return watch() / kept.length
}

export function fieldsPrices(): readonly HostPrice[] {
  const fields = new Fields()
  for (let i = 0; i < COUNT; i++) fields.append('a', new Uint8Array(0))
  const { byteIn, item } = PARAMS.host
  const look = fields.weight * byteIn
  return [
    { id: 'fields-search', name: 'a look for a field that is not there', gas: look, ns: () => timed(() => fields.get('b')) },
    { id: 'fields-search', name: 'a removal of a field that is not there', gas: look, ns: () => timed(() => fields.remove('b')) },
    { id: 'fields-copy', name: 'a copy of fields', gas: COUNT * item, ns: () => timed(() => fields.clone(false)) },
  ]
}
