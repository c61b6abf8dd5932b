/** Derived bounds of rounding errors, one per operator. */
export { boundFor, boundedOperators } from './table.ts'
export { firstOut, outOfBound, type Bound, type Rerun } from './bound.ts'
