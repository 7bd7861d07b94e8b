/** A graph to look at, in a store of its own. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { main as talos } from '../../talos/src/cli/main.ts'

export interface Sheet extends AsyncDisposable {
  readonly folder: string
  /** Words of a command line that name the entry. */
  readonly words: readonly string[]
  /** The same with the module that has the functions. */
  readonly live: readonly string[]
}

/** @param talosEntry file that the module imports the library from */
export async function makeSheet(talosEntry: string): Promise<Sheet> {
  const folder = await mkdtemp(join(tmpdir(), 'talos-inspector-'))
  const module = join(folder, 'sheet.mjs')
  await writeFile(module, source(pathToFileURL(talosEntry).href))
  const words = ['--store', join(folder, 'store'), '--key', 'sheet']
  const live = [...words, '--module', module]
  const code = await talos(['eval', 'total', ...live], () => {})
  if (code !== 0) throw new Error('The sheet was not saved.')
  return { folder, words, live, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) }
}

function source(talosEntry: string): string {
  return `
    import { createGraph } from ${JSON.stringify(talosEntry)}
    export const graph = createGraph()
    const { input, derived } = graph
    const price = input(100, { id: 'price', persist: true })
    const rate = input(0.2, { id: 'rate', persist: true })
    const token = input('hunter2', { id: 'token', persist: true, secret: true })
    const note = input({ text: 'evil \\u001b[2J\\u009b2J' }, { id: 'note', persist: true })
    const tax = derived(() => {
      if (price.get() < 0) throw new Error('negative price')
      return price.get() * rate.get()
    }, { id: 'tax', persist: true })
    derived(() => price.get() + tax.get(), { id: 'total', persist: true })
    derived(() => { throw new Error('refused ' + token.get()) }, { id: 'login', persist: true })
  `
}
