/** Filters in the order that ONNX Runtime's blocked convolutions read them (MLAS, `MlasReorderFilterOIHWBiBo` and `...OIHWBo`). Sides that are no multiple of a block are filled up with zeros. */
import type { Tensor } from '../../../core/index.ts'

const up = (side: number, block: number): number => Math.ceil(side / block) * block

/** f32 [filters, channels, h, w] by blocks of filters and, unless `single`, of channels: [filters / block, channels / block, h, w, block, block] or [filters / block, channels, h, w, block]. */
export function blockedFilters({ shape, data }: Tensor, block: number, single: boolean): Tensor {
  const [filters, channels, h, w] = shape as [number, number, number, number]
  const window = h * w
  const from = new Float32Array(new Uint8Array(data).buffer)
  const inner = single ? 1 : block
  const [allFilters, allChannels] = [up(filters, block), up(channels, inner)]
  const to = new Float32Array(allFilters * allChannels * window)
  for (let o = 0; o < filters; o++)
    for (let i = 0; i < channels; i++) {
      const row = (Math.floor(o / block) * (allChannels / inner) + Math.floor(i / inner)) * window
      for (let p = 0; p < window; p++)
        to[((row + p) * inner + (i % inner)) * block + (o % block)] = from[(o * channels + i) * window + p] as number
    }
  return { dtype: 'f32', shape: [allFilters, allChannels, h, w], data: new Uint8Array(to.buffer) }
}

/** f32 [filters], filled up alike. */
export function blockedBias({ shape, data }: Tensor, block: number): Tensor {
  const filters = up(shape[0] as number, block)
  const to = new Uint8Array(4 * filters)
  to.set(data)
  return { dtype: 'f32', shape: [filters], data: to }
}
