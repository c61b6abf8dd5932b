/** Why a kernel stopped; 0 is done. */
export const DONE: i32 = 0
/** An index points outside its tensor. */
export const BAD_INDEX: i32 = 1
/** A value that the operator does not allow, e.g. a division of integers by zero. */
export const BAD_VALUE: i32 = 2
/** No kernel has this number. */
export const UNKNOWN: i32 = 3
