/** Tensor bridge: ONNX models on local devices, with commitments to what was computed. */
export { createBridge } from './bridge.ts'
export type { Bridge, BridgeOptions, DeviceServing, DeviceState, ServingState } from './bridge.ts'
export type { DeviceCondition } from './placer.ts'
export type { BridgeWatch, Phase } from './served.ts'
export { withGuests, type GuestOperator, type GuestOperators } from './cut/index.ts'
export type { Device, DeviceClass, LoadedModel, VerifiedRun } from './device.ts'
export {
  exactComponentPath,
  foreignOn,
  gpuProviderOf,
  localDevices,
  onnxCpu,
  onnxWeb,
  ortRunner,
  RUNTIME_WASM_SHA256,
  threaded,
  wasmArithmetic,
  wasmDevice,
  wasmRunner,
} from './devices/index.ts'
export type {
  DeviceOptions,
  ExactGuest,
  ForeignDevice,
  GpuProvider,
  LazyExact,
  LocalRunner,
  OnnxCpuOptions,
  OnnxWebOptions,
  OrtDevice,
  ReadModel,
  ThreadedOptions,
  WasmOptions,
} from './devices/index.ts'
export { fuseModel, type FusedModel } from './fuse-model.ts'
export { writeModel, type Attribute, checkModel, type ModelSummary } from './graph/index.ts'
export { deviceOperators, wasmOperators, type ReadFile } from './parts/index.ts'
export { inferGas } from './specs.ts'
