import { defineConfig } from 'vitest/config'

export default defineConfig({
  resolve: {
    // Vite would take graphql's ES module, Node gives every library the CommonJS one, and graphql refuses to be two.
    alias: [{ find: /^graphql$/, replacement: 'graphql/index.js' }],
  },
  test: {
    include: ['test/**/*.test.ts'],
    maxWorkers: '100%',
    // Processes, browsers and 5,000-user sandboxes are real here, and CI has two cores.
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
})
