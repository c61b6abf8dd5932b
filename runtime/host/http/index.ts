/** wasi:http 0.2, incoming handler: the host's side. */
export { WASI } from './core-forms.ts'
export type { Awaited, Pollable } from './clock.ts'
export { Fields, type Header } from './fields.ts'
export { Handles, Loan } from './handles.ts'
export {
  HttpRun,
  IncomingBody,
  IncomingRequest,
  InputStream,
  OutgoingBody,
  Sink,
  type HttpRequest,
  type HttpResponse,
  type RunContext,
} from './run.ts'
export { POLL } from './time.ts'
export { copied, ERROR_CODE, finalHeaders, METHODS } from './types.ts'
