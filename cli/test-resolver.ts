/**
 * Loaded before a project's tests: `utnet/...` is the utnet that runs them, so that a guest folder needs no npm install,
 * and a test in TypeScript is a module whatever the package.json above it says (`npm init` writes "commonjs").
 */
import { registerHooks } from 'node:module'

const source = import.meta.url.endsWith('.ts')
const ENTRIES: Readonly<Record<string, string>> = {
  'utnet/testing': source ? '../runtime/node/testing.ts' : './testing.js',
  'utnet/client': source ? '../gateway/client/index.ts' : './client.js',
  'utnet/verify': source ? '../runtime/verify/index.ts' : './verify.js',
}

registerHooks({
  resolve(specifier, context, next) {
    const entry = ENTRIES[specifier]
    return entry === undefined ? next(specifier, context) : { url: new URL(entry, import.meta.url).href, shortCircuit: true }
  },
  load(url, context, next) {
    const test = url.endsWith('.ts') && !url.includes('/node_modules/')
    return next(url, test ? { ...context, format: 'module-typescript' } : context)
  },
})
