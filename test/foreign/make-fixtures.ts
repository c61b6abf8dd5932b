/** Makes the committed components again: `node test/foreign/make-fixtures.ts`. They need clang with wasi-libc, and rustc with wasm32-wasip2. */
import { writeFileSync } from 'node:fs'
import { buildC, buildLines, buildRust } from './build.ts'

for (const [name, build] of [
  ['lines-c', buildC],
  ['words-rust', buildRust],
  ['line-tables-4', () => buildLines(4)],
  ['line-tables-5', () => buildLines(5)],
] as const) {
  const bytes = await build()
  writeFileSync(new URL(`./fixtures/${name}.wasm`, import.meta.url), bytes)
  process.stdout.write(`${name} ${bytes.length}\n`)
}
