/** A call to a running owner must answer within 300 ms, so what such a call loads at its start is counted here. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

test('the program starts without zod, database drivers, HTTP server, registry or tokenizer', () => {
  const { files, packages } = staticImports(new URL('main.ts', import.meta.url))

  expect(files.length).toBeGreaterThan(40)
  expect(packages.filter((name) => !name.startsWith('node:'))).toEqual(['@caliber/client', 'commander'])
  const heavy = files.filter((file) => /\/(operations|derive|models|http|mcp|pglite|native)\//.test(file))
  expect(heavy).toEqual([])
})

/** Follow `import … from` and not `import type`; `import(…)` is what loads later. */
function staticImports(entry: URL): { files: readonly string[]; packages: readonly string[] } {
  const files = new Set<string>()
  const packages = new Set<string>()
  const open = [entry]
  for (let url = open.pop(); url; url = open.pop()) {
    const file = fileURLToPath(url)
    if (files.has(file)) continue
    files.add(file)
    const imports = readFileSync(file, 'utf8').matchAll(
      /^(?:import|export) (?!type )(?:[\w\s{},*$]*? from )?'([^']+)'/gm,
    )
    for (const [, target = ''] of imports) {
      if (target.startsWith('.')) open.push(new URL(target, url))
      else packages.add(target)
    }
  }
  return { files: [...files], packages: [...packages].toSorted() }
}
