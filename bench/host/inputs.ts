/** What the parts hand to guests. */
import { UtnetError, utf8, type FileStore } from '../../runtime/core/index.ts'
import type { HttpRequest, RunContext } from '../../runtime/host/index.ts'

/** A store of nothing: guests of a bench come as bytes. */
export const noFiles: FileStore = {
  putFile: () => Promise.reject(new UtnetError('block_not_found', 'a bench stores nothing')),
  getFile: () => Promise.reject(new UtnetError('block_not_found', 'a bench stores nothing')),
}

export const fnRequest: HttpRequest = {
  method: 'GET',
  path: '/a',
  headers: [
    ['accept', utf8('*/*')],
    ['user-agent', utf8('curl/8')],
  ],
  body: new Uint8Array(0),
}

export const invokeContext: RunContext = { time: 1_700_000_000_123, seed: new Uint8Array(32).fill(7), height: 42 }
