import { Request, Response } from '@utnet/sdk/http'
import { JsonWriter } from '@utnet/sdk/json'

/** Answers every request: a greeting for GET, the body back for POST. */
export function handle(request: Request): Response {
  if (request.method == 'POST') {
    const type = request.header('content-type')
    return new Response().header('content-type', type === null ? 'application/octet-stream' : type).bytes(request.body())
  }
  return new Response().json(new JsonWriter().beginObject().key('hello').string(request.path).endObject().toString())
}
