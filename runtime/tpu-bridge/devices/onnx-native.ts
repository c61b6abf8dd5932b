/** The package onnxruntime-node, of one version, that need not be there. */
import { UtnetError } from '../../core/index.ts'
import { reason, type Ort } from './ort-runtime.ts'

/** It stands in the device's arithmetic id: another version may give other bits. */
export const NATIVE_VERSION = '1.30.0'
const HINT = `run: npm install onnxruntime-node@${NATIVE_VERSION} (or ask for arithmetic "exact", which needs no native part)`

interface Runtime extends Ort {
  readonly env: { readonly versions: { readonly node?: string } }
}

/** Gives the package; throws when it is absent. */
export type ImportRuntime = () => Promise<unknown>

/** The runtime, imported once. Throws `device_missing` where it is absent or of another version. */
export function nativeRuntime(device: string, importRuntime: ImportRuntime = () => import('onnxruntime-node')): () => Promise<Ort> {
  let runtime: Promise<Ort> | undefined
  return () => (runtime ??= start(device, importRuntime))
}

async function start(device: string, importRuntime: ImportRuntime): Promise<Ort> {
  let module: unknown
  try {
    module = await importRuntime()
  } catch (cause) {
    throw new UtnetError('device_missing', `device ${device} needs onnxruntime-node, which does not load here: ${reason(cause)}`, {
      hint: HINT,
      cause,
    })
  }
  const ort = ((module as { default?: unknown }).default ?? module) as Runtime
  const found = ort.env?.versions?.node
  if (found !== NATIVE_VERSION)
    throw new UtnetError('device_missing', `device ${device} needs onnxruntime-node ${NATIVE_VERSION}, found ${String(found)}`, {
      hint: HINT,
    })
  return ort
}
