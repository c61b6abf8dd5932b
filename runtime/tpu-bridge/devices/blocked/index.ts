/** Convolutions in blocks of channels, which native ONNX Runtime has much faster kernels for. */
export { blockSize } from './block-size.ts'
export { blockedModel } from './blocked-model.ts'
