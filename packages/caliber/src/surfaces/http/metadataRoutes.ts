import type { FastifyPluginAsync } from 'fastify'
import type { ProtectedResource } from '../../auth/protectedResource.ts'

/** Serve the metadata that leads a client from this server to its issuers. It needs no credential. */
export function metadataRoutes({ metadata, metadataPaths }: ProtectedResource): FastifyPluginAsync {
  return async (app) => {
    for (const path of metadataPaths) app.get(path, async () => metadata)
  }
}
