/** The device port: something that executes tensor graphs. Every device passes `test/compliance/device.ts`. */
import type { CID, Commitment, NamedTensor, TensorSpec, UtnetError } from '../core/index.ts'

/** How results of a device compare: byte for byte, within a derived bound, or not at all. */
export type DeviceClass = 'exact' | 'bounded' | 'unchecked'

/** The port. */
export interface Device {
  /** Short name, e.g. `onnx-cpu`. */
  readonly id: string
  readonly class: DeviceClass
  /** The hardware that it keeps busy: devices of one place share its load. The node's own processors unless told. */
  readonly place?: string
  /** Arithmetic id: class, runtime, version, and every option that may change bits. */
  readonly arithmetic: string
  /** True, or why the device cannot be used here (`device_missing`, `device_failed`). Never rejects. */
  available(): Promise<true | UtnetError>
  /** Readies a model. Throws `model_invalid`, `device_missing` or `device_failed`. */
  load(bytes: Uint8Array, model: CID): Promise<LoadedModel>
  /** Frees what all its models share; the device starts afresh on the next load. */
  close(): Promise<void>
}

/** What a run says of itself that is committed to. */
export interface VerifiedRun extends Pick<Commitment, 'arithmetic' | 'entries' | 'checkpoints' | 'exceptions'> {
  /** As those of `run`. */
  readonly outputs: readonly NamedTensor[]
  /** What hashing alone took, where a thread of its own does it. */
  readonly hashMs?: number
}

/** A model on a device, until it is closed. */
export interface LoadedModel {
  /** Declared inputs and outputs, in the graph's order; -1 is a free dimension. */
  readonly inputs: readonly TensorSpec[]
  readonly outputs: readonly TensorSpec[]
  /** Whether runs may overlap: it joins those that wait, or does them beside each other. */
  readonly together?: boolean
  /** Whether its device came down, or was given up, since: it must be loaded again. */
  gone?(): boolean
  /** Memory it holds, as an estimate in bytes: what the session cache counts. */
  readonly bytes: number
  /**
   * Runs it; gives every declared output, in order, NaNs canonical. Inputs are checked and copied before the call returns its promise.
   * Throws `tensor_input`, `tensor_dtype`, `tensor_shape` or `device_failed`.
   */
  run(inputs: readonly NamedTensor[]): Promise<readonly NamedTensor[]>
  /** Runs it with checkpoints, by the options that keep bits: its arithmetic may be another one than that of `run`. Throws what `run` does. */
  verified(inputs: readonly NamedTensor[]): Promise<VerifiedRun>
  close(): Promise<void>
}
