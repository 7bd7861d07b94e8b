import os from 'node:os'
import path from 'node:path'

/** The directory that a command without `--data-dir` opens. */
export function defaultDataDirectory(): string {
  return path.join(os.homedir(), '.caliber')
}

/** The directory that a command opens. */
export function dataDirectory(given: string | undefined): string {
  return given ?? process.env['CALIBER_DATA_DIR'] ?? defaultDataDirectory()
}
