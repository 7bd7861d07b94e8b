#!/usr/bin/env node
// A person looks at this terminal, whatever variables say: without this, ink draws nothing before the end.
process.env['CI'] = 'false'
// The drawing library checks itself at every key otherwise.
process.env['NODE_ENV'] ??= 'production'
const { main } = await import('./main.ts')
process.exitCode = await main(process.argv.slice(2), process)
