/** The gateway. Its server for Node is `serving/`, its counterpart for callers `client/`. */
export { createApp } from './app.ts'
export type { AppOptions, GatewayBindings, GatewayEnv } from './http/index.ts'
export { Admission } from './routes/index.ts'
export type { AdmissionLimits } from './routes/index.ts'
