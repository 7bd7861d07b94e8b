/** Changes the core of Talos in small ways, one at a time, and sees whether a test notices. */
import { fileURLToPath } from 'node:url'

const here = (name) => fileURLToPath(new URL(name, import.meta.url))

// Run by scripts/mutation.mjs in packages/talos, which names the files.
export default {
  testRunner: 'vitest',
  vitest: { configFile: here('vitest.config.ts'), related: false },
  // Tests that watch the garbage collector call for it.
  testRunnerNodeArgs: ['--expose-gc'],
  coverageAnalysis: 'perTest',
  concurrency: Number(process.env['MUTATION_CONCURRENCY'] ?? 1),
  timeoutMS: 8000,
  // Texts of messages are not behaviour, and the type checker refuses most of what changes them.
  mutator: { excludedMutations: ['StringLiteral'] },
  // Without a tsconfig of its own a copy finds the one further up, whose parent is where it says.
  ignorePatterns: ['dist', 'docs', 'examples', 'tsconfig.json'],
  tempDirName: '.stryker',
  incremental: true,
  incrementalFile: here('reports/incremental.json'),
  reporters: ['json', 'dots'],
  jsonReporter: { fileName: here('reports/mutation.json') },
  allowEmpty: false,
  checkers: [],
  disableTypeChecks: true,
}
