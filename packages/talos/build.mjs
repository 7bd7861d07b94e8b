/**
 * Write the code of the package: one file with the engine, and one small file per entry around it.
 *
 * V8 reads what a module imports from a cell, at every use and with two checks, constants included. Running one
 * node tests flags some forty times, so as separate modules the engine was a third slower (docs/measurements.md).
 * In one file constants are literals and calls go to known functions. Declarations are tsc's.
 */
import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('.', import.meta.url))
const at = (...names) => path.join(root, ...names)
const entries = ['index', 'decorators', 'explain', 'parallel', 'persist', 'stored', 'cli/bin'].map((name) =>
  at(`src/${name}.ts`),
)
const options = {
  absWorkingDir: root,
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'es2022',
  minifySyntax: true,
  sourcemap: true,
  logLevel: 'warning',
}

// Names of shared pieces change with their content, so what was written before is taken away first.
for (const name of readdirSync(at('dist'), { recursive: true, encoding: 'utf8' })) {
  if (/\.js(\.map)?$/.test(name)) rmSync(at('dist', name))
}

const core = await modulesBehind(at('src/index.ts'))
await buildCore()
await build({
  ...options,
  entryPoints: entries,
  outdir: at('dist'),
  outbase: at('src'),
  splitting: true,
  packages: 'external',
  plugins: [{ name: 'core', setup: ({ onResolve }) => onResolve({ filter: /^\.{1,2}\/.*\.ts$/ }, toCore) }],
})

/** Absolute paths of the modules an entry consists of, without itself. */
async function modulesBehind(entry) {
  const { metafile } = await build({ ...options, entryPoints: [entry], write: false, metafile: true })
  return new Set(
    Object.keys(metafile.inputs)
      .map((name) => at(name))
      .filter((name) => name !== entry),
  )
}

async function buildCore() {
  const contents = [...core].map((name) => `export * from ${JSON.stringify(name)}`).join('\n')
  const { outputFiles } = await build({
    ...options,
    stdin: { contents, resolveDir: root },
    outfile: at('dist/core.js'),
    write: false,
  })
  for (const { path: name, text } of outputFiles) writeFileSync(name, name.endsWith('.js') ? withOwnNames(text) : text)
}

/** Export under second names: what is exported is read from a cell inside its own module too. */
function withOwnNames(code) {
  return code.replace(/^export \{\n(.*?)\n\};$/ms, (_, names) => {
    const exported = names.split(',\n').map((name) => /^ *(\S+)(?: as (\S+))?$/.exec(name))
    const second = exported.map(([, inner, outer = inner]) => [`${inner}_`, inner, outer])
    return `const ${second.map(([alias, inner]) => `${alias} = ${inner}`).join(', ')};
export { ${second.map(([alias, , outer]) => `${alias} as ${outer}`).join(', ')} };`
  })
}

function toCore({ path: name, resolveDir }) {
  return core.has(path.resolve(resolveDir, name)) ? { path: '#core', external: true } : undefined
}
