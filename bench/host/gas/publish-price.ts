/** What a validator does with each byte of a contract before it may run: its digest, validation, preparation, and what the engine does with the result. */
import { fileCid, PARAMS, publishedGas } from '../../../runtime/core/index.ts'
import { prepareModule } from '../../../runtime/host/prepare/index.ts'
import { wat } from '../../../runtime/host/testing/wat.ts'
import { whitelistBytes } from '../../../runtime/host/validate/index.ts'
import { compileKernels } from '../kernels.ts'
import { repeated } from '../large-module.ts'
import { stopwatch } from './clock.ts'
import type { HostPrice } from './host-prices.ts'

const SIZE = 100_000

/** Modules that are dear by the byte, each in a way of its own. */
async function dense(): Promise<readonly (readonly [string, Uint8Array])[]> {
  const times = (n: number, text: string): string => Array.from({ length: n }, () => text).join('')
  return [
    ['kernels', repeated(await compileKernels(), SIZE)],
    ['functions of nothing', await wat(`(module ${times(20_000, '(func)')})`)],
    ['products of floats', await wat(`(module (func (param f32) (result f32) (local.get 0) ${times(20_000, '(f32.mul (local.get 0))')}))`)],
    ['loops of nothing', await wat(`(module (func (param i32) ${times(16_000, '(loop (br_if 0 (local.get 0)))')}))`)],
    ['calls', await wat(`(module (func $f) (func ${times(40_000, '(call $f)')}))`)],
    ['exports', await wat(`(module (func $f) ${Array.from({ length: 900 }, (_, i) => `(export "${i}" (func $f))`).join('')})`)],
  ]
}

export async function publishPrices(): Promise<readonly HostPrice[]> {
  return (await dense()).map(([name, bytes]): HostPrice => ({
    id: 'publish-contract-byte',
    name: `a byte of a contract that is published: ${name}`,
    gas: Number(publishedGas(PARAMS.tx, 'contract', bytes.length)),
    ns: async () => {
      const watch = stopwatch()
      fileCid(bytes)
      await WebAssembly.compile(prepareModule(whitelistBytes(bytes).module) as Uint8Array<ArrayBuffer>)
      return watch()
    },
  }))
}
