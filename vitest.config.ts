import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Processes, browsers and 5,000-user sandboxes are real here, and CI has two cores.
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
})
