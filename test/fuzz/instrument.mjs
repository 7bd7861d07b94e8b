/** A module loader hook: counts every statement, function and branch of the modules that guide the fuzzer. */
import { fileURLToPath } from 'node:url'
import { createInstrumenter } from 'istanbul-lib-instrument'

let guides = []

/** @param {{ guides: string[] }} data URLs; one that ends with a slash stands for all modules below it */
export function initialize(data) {
  guides = data.guides
}

export async function load(url, context, nextLoad) {
  const loaded = await nextLoad(url, context)
  if (!guides.some((guide) => (guide.endsWith('/') ? url.startsWith(guide) : url === guide))) return loaded
  const instrumenter = createInstrumenter({ esModules: true, compact: true })
  return { ...loaded, source: instrumenter.instrumentSync(String(loaded.source), fileURLToPath(url)) }
}
