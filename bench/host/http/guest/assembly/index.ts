import { Request, Response } from '@utnet/sdk/http'
import { input, output, run } from './sha'

/** The kernel over the request's path, in hex. */
export function handle(request: Request): Response {
  const path = request.path
  const length = String.UTF8.encodeUnsafe(changetype<usize>(path), min(path.length, 32), input())
  run(<i32>length)
  return new Response().text(String.UTF8.decodeUnsafe(output(), 64))
}
