/** What every eval and bench prints: a table for people, or with `--json` one line for programs (architecture.md §9). */
import { execFileSync } from 'node:child_process'
import os from 'node:os'

export type Figures = Readonly<Record<string, number>>

/** Print the figures of one run. */
export function report(name: string, figures: Figures, { json }: { readonly json: boolean }): void {
  if (json) {
    console.log(JSON.stringify({ name, figures, machine: machine(), commit: commit() }))
    return
  }
  const width = Math.max(...Object.keys(figures).map((key) => key.length))
  for (const [key, value] of Object.entries(figures)) console.log(`${key.padEnd(width)}  ${round(value)}`)
}

/** Say that there is nothing to measure here, in the form of the report. */
export function reportSkipped(name: string, why: string, { json }: { readonly json: boolean }): void {
  if (json) console.log(JSON.stringify({ name, skipped: why, figures: {}, machine: machine(), commit: commit() }))
  else console.log(`${name}: skipped, ${why}`)
}

/** The value below which a share of the samples lies. @param share 0..1 */
export function quantile(samples: readonly number[], share: number): number {
  const sorted = [...samples].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN
}

const round = (value: number) => (Number.isInteger(value) ? String(value) : value.toFixed(3))

function machine() {
  return {
    cpu: os.cpus()[0]?.model ?? 'unknown',
    cores: os.cpus().length,
    node: process.version,
    load: os.loadavg()[0] ?? 0,
  }
}

function commit(): string {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim()
  } catch {
    return 'unknown'
  }
}
