/** What a call of the host costs that does next to nothing, on the real host: the crossing, the checks, the charge. */
import { testHost, simulatedEnv } from '../../../runtime/host/testing/host.ts'
import { wat } from '../../../runtime/host/testing/wat.ts'
import { stopwatch } from './clock.ts'

const GUEST = `(component
  (import "utnet:host/context@0.1.0" (instance $c (export "height" (func (result u64)))))
  (core func $h (canon lower (func $c "height")))
  (core module $m (import "c" "height" (func $h (result i64))) (func (export "run") (param i32) (local i64)
    (loop $l (local.set 1 (i64.add (local.get 1) (call $h))) (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))
  (core instance $i (instantiate $m (with "c" (instance (export "height" (func $h))))))
  (func $run (param "n" u32) (canon lift (core func $i "run")))
  (export "run" (func $run)))`

const CALLS = 20_000

/** Nanoseconds a gas of `CALLS` host calls in one run. */
export async function crossing(): Promise<() => Promise<number>> {
  const host = testHost()
  const { module } = await host.admit(await wat(GUEST))
  const env = simulatedEnv()
  const once = async (): Promise<number> => {
    const watch = stopwatch()
    const { status, gas } = await host.executor.run({ module, entry: 'run', args: [CALLS], gasLimit: 1n << 50n, env })
    if (status !== 'ok') throw new Error(`the run ended with ${status}`)
    return watch() / Number(gas)
  }
  for (let i = 0; i < 20; i++) await once()
  return once
}
