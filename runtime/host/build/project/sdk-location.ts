/** Where the SDK's sources and the WIT files lie: the one place that knows. */

import { fileURLToPath } from 'node:url'

/** Two folders, absolute. */
export interface SdkLocation {
  /** Folder that `@utnet/sdk/...` imports are read from. */
  readonly sdkDir: string
  /** Folder with utnet-host.wit, utnet-guest.wit and deps/. */
  readonly witDir: string
}

const source = import.meta.url.endsWith('.ts')

/** `base` is the folder that holds `sdk/` and `wit/`; by default this checkout's `guest/`, or the one beside the bundle. */
export function sdkLocation(
  base: string = fileURLToPath(new URL(source ? '../../../../guest/' : './guest/', import.meta.url)),
): SdkLocation {
  const root = base.endsWith('/') ? base : `${base}/`
  return { sdkDir: `${root}sdk/assembly`, witDir: `${root}wit` }
}
