/** Become the owner of a data directory: run its database and answer other processes over a socket in it. */
import { createHash } from 'node:crypto'
import os from 'node:os'
import path from 'node:path'
import { v7 } from 'uuid'
import type { DirectoryLock } from '../db/directory/lock.ts'
import { type Validation, validations } from '../db/intact.ts'
import { vacuumChanged } from '../db/pglite/vacuum.ts'
import { CaliberError } from '../domain/errors.ts'
import { spaceOf } from '../models/embedder.ts'
import { sweepTenants } from '../operations/sweep/sweepTenants.ts'
import { bootstrapTenant } from '../operations/tenant/bootstrap.ts'
import { createHttpApp } from '../surfaces/http/app.ts'
import { listenOn } from '../surfaces/http/listen.ts'
import { mcpRoutes } from '../surfaces/mcp/http.ts'
import { readAuthFile } from './authFile.ts'
import { ensureCredential } from './credential.ts'
import { embeddersOf } from './embeddersOf.ts'
import { logLevel } from './logLevel.ts'
import type { CaliberOptions } from './openCaliber.ts'
import { createRuntime } from './runtime.ts'
import { openSealFile } from './sealFile.ts'
import type { Seat } from './seat.ts'
import { openStore } from './store.ts'
import { summariserOf } from './summariserOf.ts'
import { startSweeping } from './sweeper.ts'
import { version } from './version.ts'

/** @param lock released by the seat's `close`, or at once when opening fails */
export async function own(lock: DirectoryLock, options: CaliberOptions): Promise<Seat> {
  const undo: (() => Promise<void>)[] = [() => lock.release()]
  const close = async (): Promise<void> => {
    for (let step = undo.pop(); step; step = undo.pop()) await step()
  }
  try {
    const { directory } = lock
    const auth = await readAuthFile(options, directory)
    const { sessions, close: closeStore } = await openStore(lock, options)
    undo.push(closeStore)
    const credential = await ensureCredential(directory)
    await bootstrapTenant(sessions, credential.tenant)
    const { embedder, previousEmbedder } = await embeddersOf(options)
    if (embedder !== options.embedder) undo.push(async () => embedder?.close?.())
    if (previousEmbedder !== options.previousEmbedder) undo.push(async () => previousEmbedder?.close?.())
    const summariser = summariserOf(options)
    const runtime = await createRuntime(sessions, {
      memoryBytes: options.memoryBytes,
      vectorBytes: options.vectorBytes,
      auth,
      embedder,
      previousEmbedder,
      summariser,
      seals: await openSealFile(directory),
      validation: options.validation ?? validationOf(process.env['CALIBER_VALIDATION']),
    })
    undo.push(runtime.close)
    const allowedHosts = auth && [new URL(auth.resource).hostname]
    const app = await createHttpApp({ ...runtime, auth, allowedHosts, log: { level: logLevel() } })
    await app.register(mcpRoutes({ ...runtime, version, allowedHosts }))
    undo.push(() => app.close())
    const embeddings = [embedder, previousEmbedder].flatMap((model) => (model ? [spaceOf(model)] : []))
    const models = { embeddings, summary: summariser?.name }
    const failed = (error: unknown, tenantId?: string) => app.log.warn({ err: error, tenantId }, 'a sweep failed')
    const sweep = async (signal: AbortSignal) => {
      await sweepTenants(sessions, credential.principal, { models, signal, newId: v7 }, failed)
      if (sessions.database.tier === 'embedded') await vacuumChanged(sessions.database, signal)
    }
    undo.push(startSweeping(sweep, { onFailure: failed }))
    const socketPath = socketIn(directory)
    await listenOn(app, { socketPath })
    await lock.publish({ socketPath })
    // First of all when closing: whoever comes now waits for the lock instead of attaching to a socket that goes away.
    undo.push(() => lock.publish({}))
    const { principal } = credential
    return {
      role: 'owner',
      directory,
      credential,
      transport: {
        call: (operation, input, options) => runtime.dispatch({ operation, input, principal, ...options }),
      },
      owned: {
        database: sessions.database,
        listen: async (address) => {
          const url = await listenOn(app, address)
          await lock.publish({ socketPath, url })
          return url
        },
      },
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** @throws CaliberError `invalid_input` */
function validationOf(text: string | undefined): Validation | undefined {
  const known = validations.find((validation) => validation === text)
  if (text === undefined || known) return known
  throw new CaliberError(
    'invalid_input',
    `CALIBER_VALIDATION is ${validations.join(' or ')}, not ${text.slice(0, 50)}.`,
  )
}

/** The longest path that a unix socket can be bound to on every system: 103 octets (macOS). */
const longestSocketPath = 103

function socketIn(directory: string): string {
  const inside = path.join(directory, 'caliber.sock')
  if (Buffer.byteLength(inside) <= longestSocketPath) return inside
  return path.join(os.tmpdir(), `caliber-${createHash('sha256').update(directory).digest('hex').slice(0, 16)}.sock`)
}
