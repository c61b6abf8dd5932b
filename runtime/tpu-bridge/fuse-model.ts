/** Fusion of an ONNX file, before it is put anywhere. */
import { fileCid } from '../core/index.ts'
import { allNodes, fuse, readModel, writeModel } from './graph/index.ts'

/** The fused file, and what became of the nodes. */
export interface FusedModel {
  readonly bytes: Uint8Array
  /** CIDs in text, and nodes of both. */
  readonly from: { readonly model: string; readonly nodes: number }
  readonly to: { readonly model: string; readonly nodes: number }
}

/** Throws `model_invalid` for what is no ONNX model that the bridge can read, `core_too_large` where the result would be too long a file. */
export function fuseModel(bytes: Uint8Array): FusedModel {
  const before = readModel(bytes)
  const after = fuse(before)
  const out = writeModel(after)
  return {
    bytes: out,
    from: { model: fileCid(bytes).toString(), nodes: [...allNodes(before.graph)].length },
    to: { model: fileCid(out).toString(), nodes: [...allNodes(after.graph)].length },
  }
}
