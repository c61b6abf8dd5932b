import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['{runtime,gateway,helia-store,cli,test,guest,packaging,bench}/**/*.test.ts'],
    exclude: ['**/node_modules/**', 'cli/templates/**'],
    setupFiles: ['test/properties.ts'],
    // Every processor works: by default one is left to whoever watches, which on two means half.
    maxWorkers: '100%',
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})
