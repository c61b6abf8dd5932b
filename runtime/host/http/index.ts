/** wasi:http 0.2, incoming handler: the host's side. */
export { WASI } from './core-forms.ts'
export { Fields, type Header } from './fields.ts'
export { Handles, Loan } from './handles.ts'
export { HttpRun, IncomingRequest, type HttpRequest, type HttpResponse, type RunContext } from './run.ts'
export { finalHeaders } from './types.ts'
