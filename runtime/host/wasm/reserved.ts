/** Names in core modules that belong to the host. */

/** Exports that begin so are dropped, imports refused. */
export const RESERVED = 'utnet:'
/** The module that a shared counter is imported from, as `gas` and `stack`; a guest may import nothing of it. */
export const COUNTER_MODULE = 'utnet'
