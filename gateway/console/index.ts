/** The console: a status page. */
export * from './handlers.ts'
