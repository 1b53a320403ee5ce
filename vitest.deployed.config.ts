import { defineConfig } from 'vitest/config'

/** `npm run test:deployed`: scenarios on a hub in an account, named by the environment. */
export default defineConfig({
  test: { include: ['test/deployed/scenarios.ts'], testTimeout: 900_000, hookTimeout: 60_000 },
})
