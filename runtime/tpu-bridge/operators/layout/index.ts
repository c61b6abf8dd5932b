/** Operators of layout, indices and integers by name. */
import type { Lowering } from '../lowering.ts'
import { lowerCast, lowerCastLike } from './cast.ts'
import {
  lowerConcat,
  lowerDepthToSpace,
  lowerExpand,
  lowerSlice,
  lowerSpaceToDepth,
  lowerSplit,
  lowerTile,
  lowerTranspose,
} from './moves.ts'
import { lowerResize, lowerUpsample } from './resize/index.ts'
import { lowerDropout, lowerFlatten, lowerIdentity, lowerReshape, lowerShape, lowerSize, lowerSqueeze, lowerUnsqueeze } from './shapes.ts'

export const LAYOUT: readonly (readonly [string, Lowering])[] = [
  ['Cast', lowerCast],
  ['CastLike', lowerCastLike],
  ['Concat', lowerConcat],
  ['DepthToSpace', lowerDepthToSpace],
  ['Dropout', lowerDropout],
  ['Expand', lowerExpand],
  ['Flatten', lowerFlatten],
  ['Identity', lowerIdentity],
  ['Reshape', lowerReshape],
  ['Resize', lowerResize],
  ['Shape', lowerShape],
  ['Size', lowerSize],
  ['Slice', lowerSlice],
  ['SpaceToDepth', lowerSpaceToDepth],
  ['Split', lowerSplit],
  ['Squeeze', lowerSqueeze],
  ['Tile', lowerTile],
  ['Transpose', lowerTranspose],
  ['Unsqueeze', lowerUnsqueeze],
  ['Upsample', lowerUpsample],
]
