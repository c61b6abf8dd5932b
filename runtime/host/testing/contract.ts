/** For tests: contracts from core text, and one run of them. */
import { componentEmbed, componentNew } from '@bytecodealliance/jco'
import type { RunOutcome, WitValue } from '../../core/index.ts'
import type { Host } from '../run/index.ts'
import { simulatedEnv, type SimulatedEnv } from './host.ts'
import { wat } from './wat.ts'

const HOST_WIT = `
package utnet:host@0.1.0 {
  interface storage { get: func(key: list<u8>) -> option<list<u8>>; set: func(key: list<u8>, value: list<u8>); remove: func(key: list<u8>); }
  interface context { height: func() -> u64; revert: func(message: string); }
  interface events { emit: func(name: string, data: list<u8>); }
  interface contracts {
    enum reason { not-found, reentrant, depth, arguments, refused, trap, out-of-gas }
    record failure { reason: reason, message: string }
    call: func(contract: string, %export: string, arguments: list<u8>, gas: u64) -> result<list<u8>, failure>;
  }
}`

/** A contract of core text; its world's items are given as WIT. */
export async function contract(world: string, core: string): Promise<Uint8Array> {
  const embedded = await componentEmbed({
    binary: await wat(core),
    witSource: `package t:t;\nworld t { ${world} }\n${HOST_WIT}`,
    stringEncoding: 'utf8',
  })
  return new Uint8Array(await componentNew(embedded, []))
}

/** A `cabi_realloc` that never frees, from address 4096 on. */
export const REALLOC =
  '(global $p (mut i32) (i32.const 4096)) (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (local.set 0 (global.get $p)) (global.set $p (i32.and (i32.add (i32.add (global.get $p) (local.get 3)) (i32.const 15)) (i32.const -16))) (local.get 0))'

/** Admits a contract and runs an export of it. */
export async function run(
  host: Host,
  bytes: Uint8Array,
  entry: string,
  args: readonly WitValue[] = [],
  env: SimulatedEnv = simulatedEnv(),
  gasLimit = 10_000_000n,
): Promise<RunOutcome> {
  const { module } = await host.admit(bytes)
  return host.executor.query({ module, entry, args, gasLimit, env })
}
