import type { Transport } from '@caliber/client'
import type { Database } from '../db/sql.ts'
import type { Address } from '../surfaces/http/listen.ts'
import type { Credential } from './credential.ts'

/** This process's place at a data directory. */
export interface Seat {
  readonly role: 'owner' | 'attached'
  readonly directory: string
  readonly credential: Credential
  readonly transport: Transport
  /** What an owner has besides. */
  readonly owned: Owned | undefined
  /** Let running calls finish, then release everything. Idempotent. */
  close(): Promise<void>
}

export interface Owned {
  readonly database: Database
  /** Serve HTTP and MCP at another address too. @returns the URL */
  listen(address: Address): Promise<string>
}
