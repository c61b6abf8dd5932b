/** What a validator does with each byte of a contract before it may run: its digest, validation, preparation, and what the engine does with the result. */
import { fileCid, PARAMS, publishedGas } from '../../../runtime/core/index.ts'
import { prepareModule } from '../../../runtime/host/prepare/index.ts'
import { compileWhole } from '../../../runtime/host/run/instances/compile.ts'
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
    // what it costs beside its bytes (`readyBase`)
    ['one function', await wat('(module (func))')],
    ['kernels', repeated(await compileKernels(), SIZE)],
    ['functions of nothing', await wat(`(module ${times(20_000, '(func)')})`)],
    ['functions of one call', await wat(`(module (func $f) ${times(12_000, '(func (call $f))')})`)],
    [
      'functions of a call with ten arguments',
      await wat(
        `(module (func $f (param ${'i64 '.repeat(10)})) ${times(3_000, `(func (param i64) ${'(local.get 0)'.repeat(10)} (call $f))`)})`,
      ),
    ],
    ['products of floats', await wat(`(module (func (param f32) (result f32) (local.get 0) ${times(20_000, '(f32.mul (local.get 0))')}))`)],
    ['loops of nothing', await wat(`(module (func (param i32) ${times(16_000, '(loop (br_if 0 (local.get 0)))')}))`)],
    ['calls', await wat(`(module (func $f) (func ${times(40_000, '(call $f)')}))`)],
    ['exports', await wat(`(module (func $f) ${Array.from({ length: 900 }, (_, i) => `(export "${i}" (func $f))`).join('')})`)],
  ]
}

/** The engine knows modules of the same bytes again, and compiles them once: no two are the same here. */
let made = 0

export async function publishPrices(): Promise<readonly HostPrice[]> {
  return (await dense()).map(([name, bytes]): HostPrice => ({
    id: 'publish-contract-byte',
    name: `a byte of a contract that is published: ${name}`,
    gas: Number(publishedGas(PARAMS, 'contract', bytes.length)),
    ns: () => {
      const watch = stopwatch()
      fileCid(bytes)
      compileWhole(prepareModule(whitelistBytes(bytes).module, { label: String(made++) }))
      return watch()
    },
  }))
}
