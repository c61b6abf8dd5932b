/** Files as blocks: the UnixFS layout of ours, and CAR. */
export * from './car.ts'
export * from './file.ts'
