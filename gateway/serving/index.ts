/** The gateway's server on node:http: connections, how requests arrive on them, what never becomes one. */
export { rawRefusal, serve, type ConnectionObserver, type GatewayServer, type ServeOptions } from './serve.ts'
