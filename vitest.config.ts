import { defineConfig } from 'vitest/config'

export default defineConfig({
  resolve: {
    // Vite would take graphql's ES module, Node gives every library the CommonJS one, and graphql refuses to be two.
    alias: [{ find: /^graphql$/, replacement: 'graphql/index.js' }],
  },
  test: {
    include: ['test/**/*.test.ts'],
    // On Node 20 every process would begin with the SDK's eight lines about Node 22.
    env: { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' },
    maxWorkers: '100%',
    // Processes, browsers and 5,000-user sandboxes are real here, and CI has two cores.
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
})
