/**
 * Memory of instances that are dropped. The engine sees a small object where a guest's memory may be 128 MiB, and so collects none of them before its
 * own heap fills: forty runs that grew to the limit held 5.5 GB. Here they are counted, and collected when they are many.
 */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Bytes of dropped memories behind which they are collected: the most that a node holds of them. */
const MOST = 512 * 1024 * 1024

let collect: (() => void) | undefined
let bytes = 0

/** Notes that an instance with so much memory will not run again. */
export function dropped(memoryBytes: number): void {
  bytes += memoryBytes
  if (bytes < MOST) return
  bytes = 0
  if (collect === undefined) {
    setFlagsFromString('--expose-gc')
    collect = runInNewContext('gc') as () => void
  }
  collect()
}
