import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const source = (name: string) => fileURLToPath(new URL(`../talos/src/${name}.ts`, import.meta.url))

export default defineConfig({
  resolve: {
    alias: [
      { find: /^@caliber\/talos$/, replacement: source('index') },
      { find: /^@caliber\/talos\/(\w+)$/, replacement: source('$1') },
    ],
  },
  test: {
    name: 'talos-inspector',
    include: ['test/**/*.test.ts'],
    testTimeout: 60_000,
    pool: 'forks',
    // Else ink, finding itself in CI, draws nothing before the end, and never in colour.
    env: { CI: 'false', FORCE_COLOR: '1' },
  },
})
