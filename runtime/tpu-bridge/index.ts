/** Tensor bridge: ONNX models on local devices, with commitments to what was computed. */
export { createBridge } from './bridge.ts'
export type { Bridge, BridgeOptions, DeviceState } from './bridge.ts'
export type { Device, DeviceClass, LoadedModel } from './device.ts'
export { localDevices, onnxCpu, onnxWeb, RUNTIME_WASM_SHA256, threaded } from './devices/index.ts'
export type { DeviceOptions, OnnxCpuOptions, OnnxWebOptions, ThreadedOptions } from './devices/index.ts'
export { inferGas } from './specs.ts'
export { checkModel } from './model-check.ts'
export type { ModelSummary } from './model-check.ts'
