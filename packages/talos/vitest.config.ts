import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { transform } from 'esbuild'
import { defineConfig } from 'vitest/config'

/** The test runner's own transform leaves standard decorators as they are; Node cannot run them. */
const lowerDecorators = {
  name: 'lower-decorators',
  enforce: 'pre' as const,
  async transform(code: string, id: string) {
    if (!id.endsWith('.ts') || !/^\s*@\w+/m.test(code) || !code.includes('decorators')) return null
    const result = await transform(code, { loader: 'ts', target: 'es2022', sourcefile: id, sourcemap: true })
    return { code: result.code, map: result.map }
  },
}

const source = (name: string) => fileURLToPath(new URL(`./src/${name}.ts`, import.meta.url))

/** Node 20 has no SQLite: there `scripts/test.mjs` runs that file under a newer Node, and counts it. */
const hasSqlite =
  process.getBuiltinModule?.('node:sqlite') !== undefined ||
  existsSync(new URL('../../node_modules/better-sqlite3', import.meta.url))

export default defineConfig({
  plugins: [lowerDecorators],
  resolve: {
    alias: [
      { find: /^@caliber\/talos$/, replacement: source('index') },
      { find: /^@caliber\/talos\/(\w+)$/, replacement: source('$1') },
    ],
  },
  test: {
    name: 'talos',
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    exclude: ['**/node_modules/**', ...(hasSqlite ? [] : ['test/sqlite.test.ts'])],
    maxWorkers: 2,
    testTimeout: 60_000,
    pool: 'forks',
    execArgv: ['--expose-gc'],
  },
})
