/** What a server may hand in beside a request; every part is optional, so that the app runs wherever `fetch` handlers do. */
import type { Context } from 'hono'

export interface GatewayEnv {
  /** The server's own view of the request, as node:http has it. */
  readonly incoming?: { readonly rawHeaders: readonly string[] }
  /** Calls back once, when the answer is sent or its connection is gone. */
  readonly sent?: (then: () => void) => void
  /** Aborted when the server begins to stop: endless answers end. */
  readonly closing?: AbortSignal
}

// A type alias, not an interface: Hono asks for an index signature.
export type GatewayBindings = { Bindings: GatewayEnv }
export type GatewayContext = Context<GatewayBindings>

export interface AppOptions {
  /** Host names under which the node is called, beside IP addresses and localhost; `name` or `name:port`. */
  readonly hosts?: readonly string[]
  /** Foreign origins whose pages may call the API, e.g. `https://console.example`. */
  readonly origins?: readonly string[]
  /** Milliseconds between two signs of life on an idle event stream; 15,000 unless told. */
  readonly heartbeatMs?: number
  /** Places for requests to functions; shared with the server that serves them directly. */
  readonly admission?: { readonly enter: (name: string) => void; readonly leave: (name: string) => void }
  /** Files and bundles made, asked for and being sent at a time; the table of limits unless told. */
  readonly bulk?: { readonly made: number; readonly waiting: number; readonly bytes: number }
  /** Is told of every error that is the node's own fault. */
  readonly onError?: (error: unknown, request: Request) => void
}
