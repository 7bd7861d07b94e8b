import type { HttpRoute } from '../../operations/operation.ts'

export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT'
  /** With its fields in braces: `/v1/notes/{noteId}`. */
  readonly path: string
  /** The fields in braces, in order. */
  readonly pathFields: readonly string[]
}

/** Take `GET /v1/notes/{noteId}` apart. */
export function parseRoute(http: HttpRoute): Route {
  const method = http.startsWith('GET') ? 'GET' : http.startsWith('PUT') ? 'PUT' : 'POST'
  const path = http.slice(method.length + 1)
  const pathFields = [...path.matchAll(/\{(\w+)\}/g)].map(([, field]) => field ?? '')
  return { method, path, pathFields }
}
