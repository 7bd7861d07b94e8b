import { defineConfig } from 'vitest/config'

/** Tests that need nothing but the source: no build, no database, no child process. */
const unit = [
  'packages/caliber/src/{auth,domain,derive}/**/*.test.ts',
  'packages/caliber/src/models/**/!(localEmbedder).test.ts',
  'test/{linearizability,locks}/**/*.test.ts',
]

const setupFiles = ['./test/seed.ts']

export default defineConfig({
  test: {
    maxWorkers: 2,
    projects: [
      { test: { name: 'unit', include: unit, setupFiles, testTimeout: 60_000 } },
      {
        test: {
          name: 'caliber',
          include: ['packages/{caliber,client}/src/**/*.test.ts', 'evals/src/**/*.test.ts', 'test/**/*.test.{ts,mjs}'],
          exclude: [...unit, '**/node_modules/**'],
          globalSetup: ['./test/globalSetup.ts'],
          setupFiles,
          testTimeout: 180_000,
          hookTimeout: 240_000,
        },
      },
      'packages/talos',
      'packages/talos-inspector',
    ],
  },
})
