/** Parameters that several routes take. */
import { z } from 'zod'
import type { Outcome } from '../http/index.ts'
import { JSON_TYPE } from '../wire/index.ts'

/** Longest wait of one request, in milliseconds. */
const WAIT_MS_MAX = 60_000

export const nameParam = z.object({ name: z.string() })
export const idParam = z.object({ id: z.string() })

/** `?flag=true|false`. */
export const flag = z.enum(['true', 'false']).exactOptional()

const digits = z
  .string()
  .regex(/^(0|[1-9][0-9]{0,15})$/, 'must be an unsigned integer')
  .refine((text) => Number.isSafeInteger(Number(text)), `must be at most ${Number.MAX_SAFE_INTEGER}`)

/** A height as text. */
export const heightText = digits.transform(Number)

/** `?from=height`. */
export const fromHeight = digits.transform(Number).exactOptional()

/** `?limit=n`. */
export const limitOf = (most: number) => digits.transform(Number).pipe(z.int().min(1).max(most)).exactOptional()

/** A parameter that may stand several times: `repeated` gives all of its values. */
export const texts = z.union([z.string(), z.array(z.string())]).exactOptional()

/** Every value of a parameter of the query. */
export function repeated(request: Request, name: string): readonly string[] {
  return new URL(request.url).searchParams.getAll(name)
}

/** `?wait=ms`. */
export const wait = digits
  .transform(Number)
  .pipe(z.int().max(WAIT_MS_MAX, `must be at most ${WAIT_MS_MAX} milliseconds`))
  .exactOptional()

/** A 64-bit count in a JSON body: a decimal string, or a number where it is safe. */
export const count = z
  .union([
    z
      .string()
      .regex(/^(0|[1-9][0-9]{0,19})$/, { error: 'must be an unsigned decimal integer', abort: true })
      .refine((text) => BigInt(text) < 2n ** 64n, 'must be below 2^64'),
    z.int().min(0),
  ])
  .transform((n) => n.toString())

/** The outcome of one JSON schema. */
export function answers(status: number, description: string, schema: z.ZodType): Outcome {
  return { status, description, types: { [JSON_TYPE]: schema } }
}
