/** Parameters that several routes take. */
import { z } from 'zod'
import type { Outcome } from '../http/index.ts'
import { JSON_TYPE } from '../wire/index.ts'

/** Longest wait of one request, in milliseconds. */
const WAIT_MS_MAX = 60_000

/** A name as `aname` takes it. */
export const nameText = z.string().meta({ pattern: '^[a-z][a-z0-9-]{0,62}$' })
export const nameParam = z.object({ name: nameText })

/** A CID as `parseCid` takes it. */
export const cidText = z.string().meta({ pattern: '^b[a-z2-7]{58}$' })

/** `?flag=true|false`. */
export const flag = z
  .preprocess((text) => (text === 'true' ? true : text === 'false' ? false : text), z.boolean('must be true or false'))
  .exactOptional()

const DIGITS = /^(0|[1-9][0-9]{0,15})$/

/** A number of the path or the query, which comes as digits. */
function whole(least: number, most: number) {
  const number = z.int('must be an unsigned integer').min(least, `must be at least ${least}`).max(most, `must be at most ${most}`)
  return z.preprocess((text) => (typeof text === 'string' && DIGITS.test(text) ? Number(text) : text), number)
}

/** A height or an epoch. */
export const heightParam = whole(0, Number.MAX_SAFE_INTEGER)

/** `?limit=n`. */
export const limitOf = (most: number) => whole(1, most).exactOptional()

/** A parameter that may stand several times: `repeated` gives all of its values. */
export const texts = z.preprocess((first) => [first], z.array(z.string())).exactOptional()

/** Every value of a parameter of the query. */
export function repeated(request: Request, name: string): readonly string[] {
  return new URL(request.url).searchParams.getAll(name)
}

/** `?wait=ms`. */
export const wait = whole(0, WAIT_MS_MAX).exactOptional().describe('milliseconds')

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

/** A height in a JSON body: a number, or its digits. */
export const heightField = z.union([
  z.int().min(0),
  z
    .string()
    .regex(DIGITS, 'must be an unsigned integer')
    .transform(Number)
    .refine(Number.isSafeInteger, `must be at most ${Number.MAX_SAFE_INTEGER}`),
])

/** The outcome of one JSON schema. */
export function answers(status: number, description: string, schema: z.ZodType): Outcome {
  return { status, description, types: { [JSON_TYPE]: schema } }
}
