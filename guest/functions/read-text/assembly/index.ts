/** `read-text`: a PNG in, the English text on it and how sure the reader is out. */

import { Request, Response } from '@utnet/sdk/http'
import { JsonWriter } from '@utnet/sdk/json'
import { decodePng, problem } from './png'
import { readText } from './read'

const USAGE = 'POST a PNG image; the answer is its text as JSON: {"text","confidence","lines":[{"text","confidence","box"}],"rotated"}\n'

function failure(status: i32, code: string, message: string): Response {
  return new Response(status).json(
    new JsonWriter().beginObject().key('error').string(message).key('code').string(code).endObject().toString(),
  )
}

/** GET tells how to use it; POST reads the body. 400 `png_invalid`, 405 `method_not_allowed`, 502 `inference_failed`. */
export function handle(request: Request): Response {
  const method = request.method
  if (method == 'GET' || method == 'HEAD') return new Response().text(method == 'GET' ? USAGE : '')
  if (method != 'POST')
    return failure(405, 'method_not_allowed', `${method} is not allowed: POST a PNG image`).header('allow', 'GET, HEAD, POST')

  const body = request.body()
  const image = decodePng(body.dataStart, body.length)
  if (!image) return failure(400, 'png_invalid', problem)
  const page = readText(image)
  if (page.problem.length > 0) return failure(502, 'inference_failed', page.problem)
  return new Response().json(page.toJson())
}
