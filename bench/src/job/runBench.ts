import { chmod, mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { type Figures, report } from '../report.ts'
import { endProgress } from './progress.ts'

export interface BenchRun<Options> {
  readonly options: Options
  /** Directory of everything the run writes. */
  readonly root: string
  readonly signal: AbortSignal
}

export interface Bench<Options> {
  readonly name: string
  readonly usage: string
  /** @throws TypeError for an option that is unknown or has no sense */
  readOptions(words: readonly string[]): Options | 'help'
  measure(run: BenchRun<Options>): Promise<Figures>
}

/** Run a bench as its command line says, in a temporary directory that is gone afterwards, also when it is interrupted. */
export async function runBench<Options extends { readonly json: boolean }>(bench: Bench<Options>): Promise<void> {
  const options = optionsOrComplaint(bench, process.argv.slice(2))
  if (options === undefined) return
  if (options === 'help') return console.log(bench.usage)
  const interrupt = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => interrupt.abort(new Error(`${name} came.`)))
  const root = await mkdtemp(path.join(os.tmpdir(), 'caliber-bench-'))
  try {
    // The native server of a run as root has another account, which must get through to its own directory.
    await chmod(root, 0o711)
    const figures = await bench.measure({ options, root, signal: interrupt.signal })
    endProgress()
    report(bench.name, figures, options)
  } catch (error) {
    endProgress()
    if (!interrupt.signal.aborted) throw error
    process.exitCode = 130
  } finally {
    await rm(root, { recursive: true, force: true })
  }
}

function optionsOrComplaint<Options>(
  { name, usage, readOptions }: Bench<Options>,
  words: readonly string[],
): Options | 'help' | undefined {
  try {
    return readOptions(words)
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    console.error(`${name}: ${error.message}\n\n${usage}`)
    process.exitCode = 2
    return undefined
  }
}
