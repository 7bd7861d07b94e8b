/** The owner file of a data directory: who holds it, for people, for a second process, and for telling the dead from the living. */
import { randomUUID } from 'node:crypto'
import fs from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'

export interface OwnerInfo {
  readonly pid: number
  readonly host: string
  /** Changes with every boot of the machine. */
  readonly bootId: string
  /** The network namespace: two containers on one machine differ here, and an abstract socket reaches no further. */
  readonly space: string
  readonly startedAt: string
  /** Tells this holder from any other, also from an earlier one with the same pid. */
  readonly token: string
  /** What the owner wants others to know, e.g. the address it serves on. No secrets. */
  readonly published: Readonly<Record<string, string>>
}

export const OWNER_FILE = 'owner.json'

/** Describe this process. */
export async function thisOwner(): Promise<OwnerInfo> {
  return {
    pid: process.pid,
    host: os.hostname(),
    bootId: await bootId(),
    space: await fs.readlink('/proc/self/ns/net').catch(() => ''),
    startedAt: new Date().toISOString(),
    token: randomUUID(),
    published: {},
  }
}

/** Read the owner file; null when there is none, or none that can be read. */
export async function readOwner(directory: string): Promise<OwnerInfo | null> {
  try {
    return parseOwner(await fs.readFile(path.join(directory, OWNER_FILE), 'utf8'))
  } catch {
    return null
  }
}

/** Read the text of an owner file; null when it is none. */
export function parseOwner(text: string): OwnerInfo | null {
  try {
    const parsed: unknown = JSON.parse(text)
    return isOwner(parsed) ? parsed : null
  } catch {
    return null
  }
}

/** Replace the owner file in one step: readers see the old one or the new one. */
export async function writeOwner(directory: string, owner: OwnerInfo): Promise<void> {
  const temporary = path.join(directory, `${OWNER_FILE}.${owner.token}`)
  await fs.writeFile(temporary, ownerText(owner), { mode: 0o600 })
  await fs.rename(temporary, path.join(directory, OWNER_FILE))
}

export function ownerText(owner: OwnerInfo): string {
  return `${JSON.stringify(owner, null, 2)}\n`
}

/** Remove the owner file if it is still ours. */
export async function removeOwner(directory: string, token: string): Promise<void> {
  if ((await readOwner(directory))?.token !== token) return
  await fs.rm(path.join(directory, OWNER_FILE), { force: true })
}

/** The kernel's own id on Linux; elsewhere the minute of the boot, which is as much as Node can tell. */
async function bootId(): Promise<string> {
  try {
    return (await fs.readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim()
  } catch {
    return `booted-${Math.round((Date.now() / 1000 - os.uptime()) / 60)}`
  }
}

function isOwner(value: unknown): value is OwnerInfo {
  if (typeof value !== 'object' || value === null) return false
  const { pid, host, bootId, space, startedAt, token, published } = value as Record<keyof OwnerInfo, unknown>
  const strings = [host, bootId, space, startedAt, token]
  if (typeof published !== 'object' || published === null) return false
  return Number.isInteger(pid) && [...strings, ...Object.values(published)].every((s) => typeof s === 'string')
}
