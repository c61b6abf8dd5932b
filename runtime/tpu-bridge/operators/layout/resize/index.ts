export { lowerResize, lowerUpsample } from './resize.ts'
