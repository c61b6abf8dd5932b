/** The validated part of the surface. */
export * from './app.ts'
