/** The devices that a node's options ask for. */
import type { CID } from '../../core/index.ts'
import { gpuProviderOf, localDevices, type Device, type LazyExact } from '../../tpu-bridge/index.ts'

/** A server of the Open Inference Protocol v2. */
export interface RemoteServer {
  /** Where its `/v2` begins. */
  readonly url: string
  /** Names of models that it has under the same names as this node; under their CIDs in text unless told. */
  readonly models?: readonly string[]
  /** Whether the exact device `onnx-web` confirms each answer. */
  readonly recheck?: boolean
}

interface Asked {
  readonly devices?: readonly string[]
  readonly gpu?: string
  readonly remote?: RemoteServer
}

/** In order of preference; `namesOf` gives the names of a model on this node. Throws `core_bad_argument`. */
export function devicesOf(
  { devices, gpu, remote }: Asked,
  exact: LazyExact | undefined,
  namesOf: (model: CID) => readonly string[],
): readonly Device[] {
  return localDevices({
    ...(devices === undefined ? {} : { order: devices }),
    ...(gpu === undefined ? {} : { gpu: gpuProviderOf(gpu) }),
    ...(remote === undefined ? {} : { remote: serverOf(remote, namesOf) }),
    ...(exact === undefined ? {} : { exact }),
  })
}

function serverOf({ url, models = [], recheck = false }: RemoteServer, namesOf: (model: CID) => readonly string[]) {
  const nameOf = (model: CID): string => namesOf(model).find((name) => models.includes(name)) ?? model.toString()
  return { url, recheck, nameOf }
}
