import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { type Caliber, type CaliberOptions, openCaliber } from 'caliber'

/** Work with a memory, and close it. */
export async function withCaliber<T>(options: CaliberOptions, work: (caliber: Caliber) => Promise<T>): Promise<T> {
  const caliber = await openCaliber({ tier: 'embedded', ...options })
  try {
    return await work(caliber)
  } finally {
    await caliber.close()
  }
}

/** Work in a directory that is empty, and gone afterwards. */
export async function inFreshDirectory<T>(work: (dataDir: string) => Promise<T>): Promise<T> {
  const dataDir = await mkdtemp(path.join(os.tmpdir(), 'caliber-evals-'))
  try {
    return await work(dataDir)
  } finally {
    await rm(dataDir, { recursive: true, force: true })
  }
}

/** Work with a memory of its own, gone afterwards. */
export async function withFreshMemory<T>(
  options: Omit<CaliberOptions, 'dataDir'>,
  work: (caliber: Caliber) => Promise<T>,
): Promise<T> {
  return inFreshDirectory((dataDir) => withCaliber({ ...options, dataDir }, work))
}
