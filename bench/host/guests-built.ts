/** Guests that the parts of the area run: built once a process. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildGuest, type GuestWorld } from '../../runtime/host/build/index.ts'

/** The component of a guest of one source file. */
export async function built(world: GuestWorld, name: string, source: string): Promise<Uint8Array> {
  const dir = await mkdtemp(join(tmpdir(), 'utnet-bench-'))
  try {
    await mkdir(join(dir, 'assembly'))
    await writeFile(join(dir, 'utnet.jsonc'), JSON.stringify({ name, world }))
    await writeFile(join(dir, 'assembly', 'index.ts'), source)
    return (await buildGuest({ dir })).component
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}

/** A function: one header in, a line out. */
export const HELLO = `
import { Request, Response } from '@utnet/sdk/http'
export function handle(request: Request): Response {
  return new Response().text('hello ' + request.path)
}`

/** A contract: text and bytes in, bytes out. */
export const GREET = `
export function greet(name: string, data: Uint8Array): Uint8Array {
  data[0] = <u8>name.length
  return data
}`
