/**
 * Windows over an image of up to three sides, as kernels of convolution and pooling are told of them: 18 words of their record, all i32:
 *   0 depth 4 height 8 width of the image   12, 16, 20 of the output   24, 28, 32 of the window   36, 40, 44 strides   48, 52, 56 dilations
 *   60, 64, 68 padding in front
 */
export const GEOMETRY_WORDS: u32 = 18

export const IMAGE: usize = 0
export const RESULT: usize = 12
export const WINDOW: usize = 24
export const STRIDE: usize = 36
export const DILATION: usize = 48
export const PADDING: usize = 60

/** Product of three sides. */
export function volume(at: usize): u32 {
  return load<u32>(at) * load<u32>(at, 4) * load<u32>(at, 8)
}
