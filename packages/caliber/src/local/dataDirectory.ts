import os from 'node:os'
import path from 'node:path'

/** Where the data lives when nobody says otherwise. */
export function defaultDataDirectory(): string {
  return path.join(os.homedir(), '.caliber')
}

/** Where the data lives: as given, as the environment says, or at the default place. */
export function dataDirectory(given: string | undefined): string {
  return given ?? process.env['CALIBER_DATA_DIR'] ?? defaultDataDirectory()
}
