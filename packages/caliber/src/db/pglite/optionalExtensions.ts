/**
 * Extensions that the engine offers where their packages are installed beside ours. They are offered only: a database has one
 * after `create extension`, which `db/vectorExtension.ts` sees to.
 */
import type { Extensions } from '@electric-sql/pglite'

export async function optionalExtensions(): Promise<Extensions> {
  try {
    const { vector } = await import('@electric-sql/pglite-pgvector')
    return { vector }
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND') return {}
    throw error
  }
}
