/** The runtime (host, compiler, chain, store) is large: only the verbs that run something load it, so that the others start at once. */
export function loadRuntime(): Promise<typeof import('../runtime/node/index.ts')> {
  return import('../runtime/node/index.ts')
}
