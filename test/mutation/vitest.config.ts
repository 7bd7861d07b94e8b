/** Tests of the core, on the copy of packages/talos that Stryker has changed and stands in. */
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const source = (name: string) => path.join(process.cwd(), 'src', `${name}.ts`)

export default defineConfig({
  root: process.cwd(),
  resolve: {
    alias: [
      { find: /^@caliber\/talos$/, replacement: source('index') },
      { find: /^@caliber\/talos\/(\w+)$/, replacement: source('$1') },
    ],
  },
  test: {
    // All that reach the core; what is missing here makes its subject look untested.
    include: [
      'async.prop',
      'batches',
      'collections.prop',
      'core',
      'core.prop',
      'effects',
      'evaluation',
      'fork.prop',
      'frameworkSuite',
      'observation',
      'persist',
      'tools',
    ].map((name) => `test/${name}.test.ts`),
    setupFiles: [fileURLToPath(new URL('quick.ts', import.meta.url))],
    testTimeout: 60_000,
    // One worker and one copy of the modules for all files: most of the time went into starting.
    isolate: false,
    env: { TALOS_SEEDS: process.env['MUTATION_QUICK'] === undefined ? '60' : '8' },
  },
})
