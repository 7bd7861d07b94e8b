// `npm run bench -- NAME [options]`: run one benchmark; `--help` of each says what it measures.
const benches = {
  memory: './dist/memory.js',
  skeleton: './dist/skeleton.js',
  talos: './talos/main.mjs',
  walls: './dist/walls.js',
}
const [name, ...rest] = process.argv.slice(2)
const file = benches[name]
if (file === undefined) {
  console.error(`usage: npm run bench -- ${Object.keys(benches).join('|')} [--json]`)
  process.exit(2)
}
process.argv = [process.argv[0], process.argv[1], ...rest]
await import(file)
