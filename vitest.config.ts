import { configDefaults, defineConfig } from 'vitest/config'

/** Whole hubs of an account amid failures: minutes each. CI runs them too; `npm run test:all` does here. */
const slow = [
  'test/iam/both-ways.test.ts',
  'test/platform/faults.test.ts',
  'test/platform/live.test.ts',
  'test/platform/long-wait.test.ts',
  'test/platform/mischief.test.ts',
  'test/platform/scenarios.test.ts',
  'test/worker-runtime/in-account.test.ts',
]

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: process.env.CI === 'true' ? configDefaults.exclude : [...configDefaults.exclude, ...slow],
    // Each file in a process of its own: tests start hubs, break disks and end processes. Two at once, as many as CI
    // has cores; most files wait more than they compute, yet those that measure leases would see a third.
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 20_000,
    hookTimeout: 20_000,
    teardownTimeout: 10_000,
    // AWS's SDK warns in every process on Node 20; what it is bundled into runs on a newer one.
    env: { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' },
    // A forgotten `.only` would make CI green with one test. (An unhandled rejection fails the run by default.)
    allowOnly: false,
  },
})
